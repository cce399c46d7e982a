//! Names in the store in memory: each can be taken once until it expires.

use std::collections::BTreeMap;

use domain::{AccountId, WallTime};
use engine::ports::records::{Claim, CommitError};

/// See the module.
#[derive(Default)]
pub(super) struct Claims(BTreeMap<(&'static str, AccountId, String), Claim>);

impl Claims {
    /// Whether all of these can be taken at that time.
    pub(super) fn check(&self, claims: &[Claim], at: WallTime) -> Result<(), CommitError> {
        for c in claims {
            if let Some(taken) = self.find(c.kind, c.account, &c.name, at) {
                let (digest, reply) = (taken.digest, taken.reply);
                return Err(CommitError::Taken { kind: c.kind, digest, reply });
            }
        }
        Ok(())
    }

    /// Takes them; they were checked.
    pub(super) fn take(&mut self, claims: Vec<Claim>) {
        let named = claims.into_iter().map(|c| ((c.kind, c.account, c.name.clone()), c));
        self.0.extend(named);
    }

    /// A name that was taken and has not expired.
    pub(super) fn find(
        &self,
        kind: &'static str,
        account: AccountId,
        name: &str,
        at: WallTime,
    ) -> Option<Claim> {
        let taken = self.0.get(&(kind, account, name.to_owned()));
        taken.filter(|c| c.expires_at > at).cloned()
    }
}
