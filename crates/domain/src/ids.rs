//! Names of things: small types, made from arguments so that a simulation repeats exactly.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What was wrong with the text of an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}")]
pub struct IdError {
    /// Which id was expected.
    pub kind: &'static str,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes an id (UUIDv7) from wall time in milliseconds and ten random bytes.
            pub fn from_parts(unix_ms: u64, random: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid())
            }
            /// The sixteen bytes of the id.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.as_hyphenated(), f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl FromStr for $name {
            type Err = IdError;
            /// Accepts only the lower-case hyphenated form that `Display` writes.
            fn from_str(text: &str) -> Result<Self, IdError> {
                let id = Uuid::try_parse(text).map_err(|_| IdError { kind: $kind })?;
                let same = id.as_hyphenated().to_string() == text;
                if same { Ok(Self(id)) } else { Err(IdError { kind: $kind }) }
            }
        }
    };
}

uuid_id!(
    /// One attempt to reach one number, from acceptance to settlement.
    CallId, "call id"
);
uuid_id!(
    /// The calls accepted from one request.
    BatchId, "batch id"
);

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id!(
    /// An account: who owns calls, keys and a balance.
    AccountId(i64)
);
number_id!(
    /// One credential of an account.
    KeyId(i64)
);
number_id!(
    /// One media side of a call; 0 is the callee's.
    LegId(u8)
);
number_id!(
    /// A list of items the floor plays in order, numbered within its call.
    PlaylistId(u32)
);
number_id!(
    /// One thing that is played, numbered within its call (never reused by another playlist).
    ItemId(u32)
);
number_id!(
    /// A finished piece of speech of either side, numbered within its call from 1.
    UtteranceNo(u32)
);

impl LegId {
    /// The callee's leg.
    pub const CALLEE: LegId = LegId(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_lower_case_hyphenated_uuid_v7_and_sort_by_time() {
        let a = CallId::from_parts(1_700_000_000_000, [1; 10]);
        let b = CallId::from_parts(1_700_000_000_001, [0; 10]);
        assert!(a < b);
        assert_eq!(a.to_string().len(), 36);
        assert_eq!(&a.to_string()[14..15], "7");
        assert_eq!(a.to_string().parse(), Ok(a));
        for bad in ["", "x", &a.to_string().to_uppercase(), &a.to_string().replace('-', "")] {
            assert!(bad.parse::<CallId>().is_err(), "{bad}");
        }
    }
}
