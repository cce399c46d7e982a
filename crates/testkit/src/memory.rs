//! Journal, records, ledger, accounts and blobs in memory, with the ledger's rules enforced.

mod damage;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{
    AccountId, CallId, CallRecord, Caps, Credential, Envelope, Event, KeyId, LedgerAccount,
    MicroYuan, PhoneNumber, Principal, Transaction, TransactionKind, WallTime,
};
use engine::Clock;
use engine::ports::PortFuture;
use engine::ports::blobs::{BlobWriter, Blobs};
use engine::ports::directory::{Account, Directory, KeyOwner, NewKey};
use engine::ports::records::{Balance, Batch, CallFilter, Claim, CommitError, ReadError, Records};

use crate::sabotage::Plants;

/// A store in memory.
#[derive(Clone, Default)]
pub struct MemoryStore {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    // Shared pieces, because a commit that fails puts back what it had changed.
    calls: BTreeMap<CallId, Arc<CallRecord>>,
    events: BTreeMap<CallId, Arc<Vec<Envelope>>>,
    transactions: Vec<Transaction>,
    references: BTreeSet<String>,
    balances: BTreeMap<AccountId, Balance>,
    opt_outs: Vec<(AccountId, PhoneNumber)>,
    accounts: Vec<Account>,
    keys: Vec<NewKey>,
    failing: bool,
    unreadable: bool,
    takes: Duration,
    clock: Option<Clock>,
    plants: Plants,
}

impl MemoryStore {
    /// From now on commits fail as on a full disk; `false` ends that.
    pub fn set_failing(&self, failing: bool) {
        self.lock().failing = failing;
    }

    /// From now on calls and opt-outs cannot be read; `false` ends that.
    pub fn set_unreadable(&self, unreadable: bool) {
        self.lock().unreadable = unreadable;
    }

    /// From now on a commit takes so long; at first it takes no time.
    pub fn set_commit_takes(&self, takes: Duration) {
        self.lock().takes = takes;
    }

    /// From now on a commit takes its time by this clock.
    pub(crate) fn live_by(&self, clock: Clock, plants: Plants) {
        let mut s = self.lock();
        s.clock = Some(clock);
        s.plants = plants;
    }

    /// Whatever was made to fail works again.
    pub(crate) fn recover(&self) {
        let mut s = self.lock();
        (s.failing, s.unreadable, s.takes) = (false, false, Duration::ZERO);
    }

    /// Pays in, outside of any order.
    ///
    /// # Panics
    /// Never: a deposit cannot be refused.
    pub fn deposit(&self, owner: AccountId, amount: MicroYuan) {
        let mut s = self.lock();
        let reference = format!("deposit:{}", s.transactions.len());
        let kind = TransactionKind::TopUp;
        let t = Transaction::deposit(kind, reference, owner, amount);
        s.post(&t).expect("a deposit only adds");
        s.transactions.push(t);
    }

    /// Whether this number is on the owner's opt-out list.
    pub fn is_opted_out(&self, phone: &str) -> bool {
        self.lock().opt_outs.iter().any(|(_, p)| p.reveal() == phone)
    }

    /// All money that was moved.
    pub fn transactions(&self) -> Vec<Transaction> {
        self.lock().transactions.clone()
    }

    /// All records.
    pub fn records(&self) -> Vec<CallRecord> {
        self.lock().calls.values().map(|r| (**r).clone()).collect()
    }

    /// One call's journal.
    pub fn journal(&self, call: CallId) -> Vec<Envelope> {
        self.lock().events.get(&call).map(|j| (**j).clone()).unwrap_or_default()
    }

    /// The sum of all postings (zero), what is held, and how often each call was settled.
    pub fn ledger(&self) -> (MicroYuan, MicroYuan, BTreeMap<String, u32>) {
        let s = self.lock();
        let all = s.transactions.iter().flat_map(|t| t.postings());
        let sum = all.map(|p| p.amount).sum();
        let held = s.balances.values().map(|b| b.held).sum();
        let mut settled = BTreeMap::new();
        for t in s.transactions.iter().filter(|t| t.kind() == TransactionKind::Settlement) {
            *settled.entry(t.reference().to_owned()).or_insert(0) += 1;
        }
        (sum, held, settled)
    }

    fn commit_now(&self, batch: &Batch) -> Result<(), CommitError> {
        let mut s = self.lock();
        if s.failing {
            return Err(CommitError::Unavailable { cause: "made to fail".to_owned() });
        }
        s.apply(batch.clone())?;
        s.damage(batch);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call's record and journal, if it had any.
type Kept = (CallId, Option<Arc<CallRecord>>, Option<Arc<Vec<Envelope>>>);

/// What a unit of work had before it, to be put back.
struct Before {
    calls: Vec<Kept>,
    balances: BTreeMap<AccountId, Balance>,
    transactions: usize,
}

impl Inner {
    /// Does all of a unit of work or nothing of it.
    fn apply(&mut self, batch: Batch) -> Result<(), CommitError> {
        let mut touched: Vec<CallId> = batch.events.iter().map(|e| e.call).collect();
        touched.dedup();
        let kept = |c: &CallId| (*c, self.calls.get(c).cloned(), self.events.get(c).cloned());
        let before = Before {
            calls: touched.iter().map(kept).collect(),
            balances: self.balances.clone(),
            transactions: self.transactions.len(),
        };
        let done = self.work(batch, &before.balances);
        if done.is_err() {
            self.undo(before);
        }
        done
    }

    fn undo(&mut self, before: Before) {
        for t in self.transactions.drain(before.transactions..) {
            self.references.remove(t.reference());
        }
        self.balances = before.balances;
        for (call, record, journal) in before.calls {
            match record {
                Some(record) => drop(self.calls.insert(call, record)),
                None => drop(self.calls.remove(&call)),
            }
            match journal {
                Some(journal) => drop(self.events.insert(call, journal)),
                None => drop(self.events.remove(&call)),
            }
        }
    }

    fn work(
        &mut self,
        batch: Batch,
        before: &BTreeMap<AccountId, Balance>,
    ) -> Result<(), CommitError> {
        let taken = taken(&batch.transactions);
        for t in batch.transactions {
            if !self.references.insert(t.reference().to_owned()) {
                return Err(CommitError::Duplicate { what: t.reference().to_owned() });
            }
            self.transactions.push(t.clone());
            self.post(&t).map_err(|account| {
                let needed = taken.get(&account).copied().unwrap_or_default();
                let available = before.get(&account).copied().unwrap_or_default().available;
                CommitError::InsufficientBalance { needed, available }
            })?;
        }
        for e in batch.events {
            self.event(e)?;
        }
        self.opt_outs.extend(batch.opt_outs.into_iter().map(|o| (o.account, o.phone)));
        Ok(())
    }

    fn event(&mut self, e: Envelope) -> Result<(), CommitError> {
        let journal = Arc::make_mut(self.events.entry(e.call).or_default());
        if e.seq != journal.len() as u64 + 1 {
            return Err(CommitError::Duplicate { what: format!("{} seq {}", e.call, e.seq) });
        }
        match (&e.event, self.calls.get_mut(&e.call)) {
            (Event::CallAccepted(_), None) => {
                if let Some(record) = CallRecord::begin(&e) {
                    self.calls.insert(e.call, Arc::new(record));
                }
            }
            (_, Some(record)) => Arc::make_mut(record).apply(&e),
            _ => return Err(CommitError::Duplicate { what: "call".to_owned() }),
        }
        journal.push(e);
        Ok(())
    }

    /// Moves money; the account that cannot pay is the error.
    fn post(&mut self, t: &Transaction) -> Result<(), AccountId> {
        for p in t.postings() {
            let (account, held) = match p.account {
                LedgerAccount::Available(a) => (a, false),
                LedgerAccount::Held(a) => (a, true),
                _ => continue,
            };
            let b = self.balances.entry(account).or_default();
            let place = if held { &mut b.held } else { &mut b.available };
            let now = MicroYuan(place.0 + p.amount.0);
            if now < MicroYuan::ZERO {
                return Err(account);
            }
            *place = now;
        }
        Ok(())
    }
}

/// What transactions take from each owner.
fn taken(transactions: &[Transaction]) -> BTreeMap<AccountId, MicroYuan> {
    let mut taken = BTreeMap::new();
    for p in transactions.iter().flat_map(Transaction::postings) {
        if let LedgerAccount::Available(account) = p.account {
            let sum: &mut MicroYuan = taken.entry(account).or_default();
            sum.0 -= p.amount.0;
        }
    }
    taken
}

fn ready<'a, T: Send + 'a>(value: T) -> PortFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Records for MemoryStore {
    fn commit(&self, batch: Batch) -> PortFuture<'_, Result<(), CommitError>> {
        let (takes, clock) = {
            let s = self.lock();
            (s.takes + s.strange_delay(), s.clock.clone())
        };
        Box::pin(async move {
            let clock = clock.filter(|_| !takes.is_zero());
            if let Some(clock) = &clock {
                clock.sleep(takes / 2).await;
            }
            self.commit_now(&batch)?;
            // It is durable, and whoever waits does not know yet: a process may die here.
            if let Some(clock) = &clock {
                clock.sleep(takes / 2).await;
            }
            Ok(())
        })
    }

    fn call(&self, id: CallId) -> PortFuture<'_, Result<Option<CallRecord>, ReadError>> {
        let s = self.lock();
        if s.unreadable {
            return ready(Err(ReadError("made to fail".to_owned())));
        }
        ready(Ok(s.calls.get(&id).map(|r| (**r).clone())))
    }

    fn events(
        &self,
        id: CallId,
        from_seq: u64,
        limit: u32,
    ) -> PortFuture<'_, Result<Vec<Envelope>, ReadError>> {
        let all = self.journal(id).into_iter().filter(|e| e.seq >= from_seq);
        ready(Ok(all.take(limit as usize).collect()))
    }

    fn calls(
        &self,
        account: AccountId,
        filter: CallFilter,
    ) -> PortFuture<'_, Result<Vec<CallRecord>, ReadError>> {
        let s = self.lock();
        let own = s.calls.values().rev().filter(|r| r.accepted.account == account);
        let older = own.filter(|r| filter.before.is_none_or(|b| r.call < b));
        ready(Ok(older.take(filter.limit as usize).map(|r| (**r).clone()).collect()))
    }

    fn unfinished(&self) -> PortFuture<'_, Result<Vec<CallRecord>, ReadError>> {
        let mut s = self.lock();
        s.forget_a_dial();
        let live = s.calls.values().filter(|r| !r.is_ended());
        ready(Ok(live.map(|r| (**r).clone()).collect()))
    }

    fn balance(&self, account: AccountId) -> PortFuture<'_, Result<Balance, ReadError>> {
        ready(Ok(self.lock().balances.get(&account).copied().unwrap_or_default()))
    }

    fn claim(
        &self,
        _: &'static str,
        _: AccountId,
        _: String,
        _: WallTime,
    ) -> PortFuture<'_, Result<Option<Claim>, ReadError>> {
        ready(Ok(None))
    }

    fn opted_out(
        &self,
        account: AccountId,
        phone: PhoneNumber,
    ) -> PortFuture<'_, Result<bool, ReadError>> {
        let s = self.lock();
        if s.unreadable {
            return ready(Err(ReadError("made to fail".to_owned())));
        }
        ready(Ok(s.opt_outs.contains(&(account, phone))))
    }

    fn dialled_since(
        &self,
        account: AccountId,
        phone: PhoneNumber,
        since: WallTime,
        count_simulated: bool,
    ) -> PortFuture<'_, Result<u32, ReadError>> {
        let s = self.lock();
        let n = s.calls.values().filter(|r| {
            r.accepted.account == account
                && r.target.as_ref() == Some(&phone)
                && r.milestones.dialed_at.is_some_and(|at| at >= since)
                && (count_simulated || !r.simulated)
        });
        ready(Ok(u32::try_from(n.count()).unwrap_or(u32::MAX)))
    }
}

impl Directory for MemoryStore {
    fn key_owner(&self, hash: [u8; 32]) -> PortFuture<'_, Result<Option<KeyOwner>, ReadError>> {
        let s = self.lock();
        let found = s.keys.iter().position(|k| k.hash == hash).map(|i| KeyOwner {
            principal: Principal {
                account: s.keys[i].account,
                credential: Credential::ApiKey(KeyId(i as i64 + 1)),
                scopes: s.keys[i].scopes.clone(),
                caps: Caps::default(),
            },
            suspended: false,
        });
        ready(Ok(found))
    }

    fn add_key(&self, key: NewKey) -> PortFuture<'_, Result<KeyId, CommitError>> {
        let mut s = self.lock();
        s.keys.push(key);
        ready(Ok(KeyId(s.keys.len() as i64)))
    }

    fn account(&self, login: String) -> PortFuture<'_, Result<Option<Account>, ReadError>> {
        ready(Ok(self.lock().accounts.iter().find(|a| a.login == login).cloned()))
    }

    fn add_account(
        &self,
        login: String,
        _: WallTime,
    ) -> PortFuture<'_, Result<AccountId, CommitError>> {
        let mut s = self.lock();
        let id = AccountId(s.accounts.len() as i64 + 1);
        s.accounts.push(Account { id, login, suspended: false });
        ready(Ok(id))
    }
}

/// Blobs that are counted and forgotten.
#[derive(Clone, Debug, Default)]
pub struct NoBlobs;

impl Blobs for NoBlobs {
    fn create(&self, _: &str) -> io::Result<Box<dyn BlobWriter>> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }
    fn len(&self, _: &str) -> PortFuture<'_, io::Result<Option<u64>>> {
        ready(Ok(None))
    }
    fn read(&self, _: &str, _: u64, _: u64) -> PortFuture<'_, io::Result<Vec<u8>>> {
        ready(Ok(Vec::new()))
    }
    fn delete(&self, _: &str) -> PortFuture<'_, io::Result<()>> {
        ready(Ok(()))
    }
    fn path(&self, _: &str) -> Option<PathBuf> {
        None
    }
}
