//! The double-entry ledger's values: transactions that can only be built balanced.

use serde::{Deserialize, Serialize};

use crate::{AccountId, CallId, MicroYuan};

/// Where money stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerAccount {
    /// Money given away by the operator.
    Promotions,
    /// Money that came in.
    Cash,
    /// Money earned.
    Revenue,
    /// What an owner may spend; never negative.
    Available(AccountId),
    /// What is reserved for an owner's calls; never negative.
    Held(AccountId),
}

/// One line of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// Which ledger account changes.
    pub account: LedgerAccount,
    /// By how much; all amounts of a transaction sum to zero.
    pub amount: MicroYuan,
}

/// Why money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionKind {
    /// A gift on sign-up.
    Bonus,
    /// Money paid in.
    TopUp,
    /// Reserved for a call.
    Hold,
    /// The end of a hold.
    Settlement,
    /// By an operator, with a reason.
    Adjustment,
}

/// A set of postings that sums to zero, named by a reference that can be used once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    kind: TransactionKind,
    reference: String,
    owner: AccountId,
    postings: Vec<Posting>,
}

/// A transaction that may not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The postings do not sum to zero.
    #[error("postings of {reference} sum to {sum}, not to zero")]
    Unbalanced {
        /// The transaction's reference.
        reference: String,
        /// What they sum to.
        sum: MicroYuan,
    },
    /// A charge above its hold.
    #[error("charge {charge} is above the hold {hold}")]
    ChargeAboveHold {
        /// What was to be charged.
        charge: MicroYuan,
        /// What was held.
        hold: MicroYuan,
    },
}

impl Transaction {
    /// Any transaction; refused unless the postings sum to zero.
    pub fn new(
        kind: TransactionKind,
        reference: String,
        owner: AccountId,
        postings: Vec<Posting>,
    ) -> Result<Self, LedgerError> {
        let sum: MicroYuan = postings.iter().map(|p| p.amount).sum();
        if sum != MicroYuan::ZERO {
            return Err(LedgerError::Unbalanced { reference, sum });
        }
        Ok(Self { kind, reference, owner, postings })
    }

    /// Money paid in, or given as a bonus, to `owner`.
    pub fn deposit(
        kind: TransactionKind,
        reference: String,
        owner: AccountId,
        amount: MicroYuan,
    ) -> Self {
        let source = match kind {
            TransactionKind::Bonus => LedgerAccount::Promotions,
            _ => LedgerAccount::Cash,
        };
        let postings = vec![
            Posting { account: source, amount: amount.negated() },
            Posting { account: LedgerAccount::Available(owner), amount },
        ];
        Self { kind, reference, owner, postings }
    }

    /// Reserves `amount` for a call; `n` is 0 at acceptance and counts extensions.
    pub fn hold(call: CallId, owner: AccountId, n: u32, amount: MicroYuan) -> Self {
        let postings = vec![
            Posting { account: LedgerAccount::Available(owner), amount: amount.negated() },
            Posting { account: LedgerAccount::Held(owner), amount },
        ];
        Self { kind: TransactionKind::Hold, reference: format!("hold:{call}:{n}"), owner, postings }
    }

    /// Ends all holds of a call: `charge` is earned, the rest goes back.
    pub fn settlement(
        call: CallId,
        owner: AccountId,
        hold: MicroYuan,
        charge: MicroYuan,
    ) -> Result<Self, LedgerError> {
        if charge > hold || charge < MicroYuan::ZERO {
            return Err(LedgerError::ChargeAboveHold { charge, hold });
        }
        let postings = vec![
            Posting { account: LedgerAccount::Held(owner), amount: hold.negated() },
            Posting { account: LedgerAccount::Revenue, amount: charge },
            Posting {
                account: LedgerAccount::Available(owner),
                amount: MicroYuan(hold.0 - charge.0),
            },
        ];
        let reference = format!("settle:{call}");
        Ok(Self { kind: TransactionKind::Settlement, reference, owner, postings })
    }

    /// Why the money moved.
    pub fn kind(&self) -> TransactionKind {
        self.kind
    }
    /// The name that makes it unique.
    pub fn reference(&self) -> &str {
        &self.reference
    }
    /// The account it is listed under.
    pub fn owner(&self) -> AccountId {
        self.owner
    }
    /// Its lines, which sum to zero.
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constructor_balances() {
        let call = CallId::from_parts(1, [0; 10]);
        let owner = AccountId(1);
        let m = MicroYuan;
        let all = [
            Transaction::deposit(TransactionKind::Bonus, "b".into(), owner, m(10)),
            Transaction::hold(call, owner, 0, m(10)),
            Transaction::settlement(call, owner, m(10), m(3)).unwrap(),
        ];
        for t in all {
            assert_eq!(t.postings().iter().map(|p| p.amount).sum::<MicroYuan>(), m(0));
        }
        assert!(Transaction::settlement(call, owner, m(10), m(11)).is_err());
        let lone = vec![Posting { account: LedgerAccount::Cash, amount: m(1) }];
        assert!(Transaction::new(TransactionKind::Adjustment, "a".into(), owner, lone).is_err());
    }
}
