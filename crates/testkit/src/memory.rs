//! Journal, records, ledger, accounts and blobs in memory, with the ledger's rules enforced.

mod books;
mod claims;
mod damage;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{
    AccountId, CallId, CallRecord, Caps, Credential, Envelope, Event, KeyId, MicroYuan,
    PhoneNumber, Principal, Transaction, WallTime,
};
use engine::Clock;
use engine::ports::PortFuture;
use engine::ports::blobs::{BlobWriter, Blobs};
use engine::ports::directory::{Account, Directory, KeyOwner, NewKey};
use engine::ports::records::{Balance, Batch, CallFilter, Claim, CommitError, ReadError, Records};

use self::books::Books;
use self::claims::Claims;
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
    books: Books,
    claims: Claims,
    opt_outs: Vec<(AccountId, PhoneNumber)>,
    accounts: Vec<Account>,
    keys: Vec<NewKey>,
    trouble: Trouble,
}

impl MemoryStore {
    /// From now on commits fail as on a full disk; `false` ends that.
    pub fn set_failing(&self, failing: bool) {
        self.lock().trouble.failing = failing;
    }

    /// From now on what is committed is durable, and whoever waits is told that it could not be
    /// written; `false` ends that.
    pub fn set_losing_answers(&self, losing: bool) {
        self.lock().trouble.losing_answers = losing;
    }

    /// From now on calls, journals and opt-outs cannot be read; `false` ends that.
    pub fn set_unreadable(&self, unreadable: bool) {
        self.lock().trouble.unreadable = unreadable;
    }

    /// From now on a commit takes so long; at first it takes no time.
    pub fn set_commit_takes(&self, takes: Duration) {
        self.lock().trouble.takes = takes;
    }

    /// From now on reading the opt-out list takes so long; at first it takes no time. A call that
    /// is being started is in nobody's hands meanwhile.
    pub fn set_screening_takes(&self, takes: Duration) {
        self.lock().trouble.screening = takes;
    }

    /// From now on the opt-out list cannot be read, and nothing else; `false` ends that.
    pub fn set_screening_fails(&self, fails: bool) {
        self.lock().trouble.screening_fails = fails;
    }

    /// From now on a commit takes its time by this clock.
    pub(crate) fn live_by(&self, clock: Clock, plants: Plants) {
        let trouble = &mut self.lock().trouble;
        trouble.clock = Some(clock);
        trouble.plants = plants;
    }

    /// Whatever was made to fail works again.
    pub fn recover(&self) {
        let trouble = &mut self.lock().trouble;
        (trouble.failing, trouble.unreadable, trouble.takes) = (false, false, Duration::ZERO);
        (trouble.screening, trouble.screening_fails) = (Duration::ZERO, false);
        trouble.losing_answers = false;
    }

    /// Pays in, outside of any order.
    ///
    /// # Panics
    /// Never: a deposit cannot be refused.
    pub fn deposit(&self, owner: AccountId, amount: MicroYuan) {
        self.lock().books.deposit(owner, amount);
    }

    /// Whether this number is on the owner's opt-out list.
    pub fn is_opted_out(&self, phone: &str) -> bool {
        self.lock().opt_outs.iter().any(|(_, p)| p.reveal() == phone)
    }

    /// All money that was moved.
    pub fn transactions(&self) -> Vec<Transaction> {
        self.lock().books.transactions.clone()
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
        self.lock().books.sums()
    }

    fn commit_now(&self, batch: &Batch) -> Result<(), CommitError> {
        let mut s = self.lock();
        if s.trouble.failing {
            return Err(CommitError::Unavailable { cause: "made to fail".to_owned() });
        }
        if s.write_again(batch) {
            return Ok(());
        }
        s.apply(batch.clone())?;
        s.damage(batch);
        if s.trouble.losing_answers {
            return Err(CommitError::Unavailable { cause: "the answer was lost".to_owned() });
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the store misbehaves, as it was told to.
#[derive(Default)]
struct Trouble {
    failing: bool,
    losing_answers: bool,
    unreadable: bool,
    /// How long a commit takes, by `clock`.
    takes: Duration,
    /// How long reading the opt-out list takes.
    screening: Duration,
    screening_fails: bool,
    clock: Option<Clock>,
    plants: Plants,
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
        let at = batch.events.first().map_or(WallTime(0), |e| e.at);
        self.claims.check(&batch.claims, at)?;
        let claims = batch.claims.clone();
        let kept = |c: &CallId| (*c, self.calls.get(c).cloned(), self.events.get(c).cloned());
        let before = Before {
            calls: touched.iter().map(kept).collect(),
            balances: self.books.balances.clone(),
            transactions: self.books.transactions.len(),
        };
        let done = self.work(batch, &before.balances);
        match done {
            Ok(()) => self.claims.take(claims),
            Err(_) => self.undo(before),
        }
        done
    }

    fn undo(&mut self, before: Before) {
        self.books.undo(before.transactions, before.balances);
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
        self.books.enter(batch.transactions, before)?;
        for e in batch.events {
            self.event(e)?;
        }
        self.opt_outs.extend(batch.opt_outs.into_iter().map(|o| (o.account, o.phone)));
        Ok(())
    }

    fn event(&mut self, e: Envelope) -> Result<(), CommitError> {
        let journal = Arc::make_mut(self.events.entry(e.call).or_default());
        let next = journal.len() as u64 + 1;
        if e.seq < next {
            return Err(CommitError::Duplicate { what: format!("{} seq {}", e.call, e.seq) });
        }
        if e.seq > next {
            let cause = format!("{} seq {} before {next}", e.call, e.seq);
            return Err(CommitError::Unavailable { cause });
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
}

fn ready<'a, T: Send + 'a>(value: T) -> PortFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Records for MemoryStore {
    fn commit(&self, batch: Batch) -> PortFuture<'_, Result<(), CommitError>> {
        let (takes, clock) = {
            let s = self.lock();
            (s.trouble.takes + s.strange_delay(), s.trouble.clock.clone())
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
        if s.trouble.unreadable {
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
        if self.lock().trouble.unreadable {
            return ready(Err(ReadError("made to fail".to_owned())));
        }
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
        ready(Ok(self.lock().books.balances.get(&account).copied().unwrap_or_default()))
    }

    fn claim(
        &self,
        kind: &'static str,
        account: AccountId,
        name: String,
        now: WallTime,
    ) -> PortFuture<'_, Result<Option<Claim>, ReadError>> {
        ready(Ok(self.lock().claims.find(kind, account, &name, now)))
    }

    fn opted_out(
        &self,
        account: AccountId,
        phone: PhoneNumber,
    ) -> PortFuture<'_, Result<bool, ReadError>> {
        let s = self.lock();
        if s.trouble.unreadable {
            return ready(Err(ReadError("made to fail".to_owned())));
        }
        let listed = s.opt_outs.contains(&(account, phone));
        let (clock, takes) = (s.trouble.clock.clone(), s.trouble.screening);
        drop(s);
        Box::pin(async move {
            if let Some(clock) = clock.filter(|_| !takes.is_zero()) {
                clock.sleep(takes).await;
            }
            match self.lock().trouble.screening_fails {
                true => Err(ReadError("made to fail".to_owned())),
                false => Ok(listed),
            }
        })
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
