//! The ledger of the store in memory: transactions that are entered once, and balances that do
//! not fall below zero.

use std::collections::{BTreeMap, BTreeSet};

use domain::{AccountId, LedgerAccount, MicroYuan, Transaction, TransactionKind};
use engine::ports::records::{Balance, CommitError};

/// See the module.
#[derive(Default)]
pub(super) struct Books {
    pub(super) transactions: Vec<Transaction>,
    pub(super) balances: BTreeMap<AccountId, Balance>,
    references: BTreeSet<String>,
}

impl Books {
    /// Pays in, outside of any order.
    pub(super) fn deposit(&mut self, owner: AccountId, amount: MicroYuan) {
        let reference = format!("deposit:{}", self.transactions.len());
        let t = Transaction::deposit(TransactionKind::TopUp, reference, owner, amount);
        self.post(&t).expect("a deposit only adds");
        self.transactions.push(t);
    }

    /// Enters transactions in order, as far as they go; `before` is what a refusal names.
    pub(super) fn enter(
        &mut self,
        transactions: Vec<Transaction>,
        before: &BTreeMap<AccountId, Balance>,
    ) -> Result<(), CommitError> {
        let taken = taken(&transactions);
        for t in transactions {
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
        Ok(())
    }

    /// Takes back what was entered since there were `transactions` and these balances.
    pub(super) fn undo(&mut self, transactions: usize, balances: BTreeMap<AccountId, Balance>) {
        for t in self.transactions.drain(transactions..) {
            self.references.remove(t.reference());
        }
        self.balances = balances;
    }

    /// The sum of all postings, what is held, and how often each call was settled.
    pub(super) fn sums(&self) -> (MicroYuan, MicroYuan, BTreeMap<String, u32>) {
        let all = self.transactions.iter().flat_map(|t| t.postings());
        let sum = all.map(|p| p.amount).sum();
        let held = self.balances.values().map(|b| b.held).sum();
        let mut settled = BTreeMap::new();
        for t in self.transactions.iter().filter(|t| t.kind() == TransactionKind::Settlement) {
            *settled.entry(t.reference().to_owned()).or_insert(0) += 1;
        }
        (sum, held, settled)
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
