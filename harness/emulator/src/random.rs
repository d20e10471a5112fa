//! Chance, injected: every identifier and every random choice comes from one seeded generator,
//! so that a run can be replayed from the seed that it printed.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A seeded source of identifiers and choices, shared by all services.
pub struct Random {
    seed: u64,
    // A std mutex: held for a few instructions, never across an await.
    generator: Mutex<StdRng>,
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Random").field("seed", &self.seed).finish()
    }
}

impl Random {
    /// A generator that gives the same sequence for the same `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            generator: Mutex::new(StdRng::seed_from_u64(seed)),
        }
    }

    /// The seed to print, and to start from again.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A random (version 4) UUID in its hyphenated lower-case form, the form of most AWS request
    /// and message identifiers.
    #[must_use]
    pub fn uuid(&self) -> String {
        let mut bytes: [u8; 16] = self.bytes();
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex = hex::encode(bytes);
        format!(
            "{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        )
    }

    /// `length` characters drawn from `alphabet`, which must be ASCII and not empty.
    #[must_use]
    pub fn text(&self, alphabet: &[u8], length: usize) -> String {
        let mut generator = self.lock();
        (0..length)
            .map(|_| char::from(alphabet[generator.random_range(0..alphabet.len())]))
            .collect()
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.lock().fill(&mut bytes[..]);
        bytes
    }

    /// A number below `limit`; `0` when `limit` is `0`.
    #[must_use]
    pub fn below(&self, limit: u64) -> u64 {
        if limit == 0 {
            return 0;
        }
        self.lock().random_range(0..limit)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, StdRng> {
        self.generator
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_identifiers() {
        let (a, b) = (Random::new(7), Random::new(7));
        assert_eq!(a.uuid(), b.uuid());
        assert_eq!(a.text(b"AB", 9), b.text(b"AB", 9));
        assert_ne!(a.uuid(), Random::new(8).uuid());
    }

    #[test]
    fn a_uuid_says_version_4() {
        let uuid = Random::new(1).uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
    }
}
