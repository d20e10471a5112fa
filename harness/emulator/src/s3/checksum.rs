//! The checksums that S3 verifies on the way in and returns on the way out.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use s3s::dto;
use sha1::Digest;

/// An algorithm that a client can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

/// What a checksum was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The bytes of the whole object.
    FullObject,
    /// The checksums of the parts.
    Composite,
}

/// A checksum as it stands in headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checksum {
    pub(super) algorithm: Algorithm,
    pub(super) kind: Kind,
    /// Base 64; a composite one ends with `-` and the number of parts.
    pub(super) value: String,
}

impl Algorithm {
    pub(super) const ALL: [Self; 5] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64Nvme,
        Self::Sha1,
        Self::Sha256,
    ];

    /// The API's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header or trailer that carries it.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The algorithm of that name, in any case.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    /// The length of a checksum in bytes.
    fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// The raw bytes of a checksum in base 64, if it has the right length.
    pub(super) fn decode(self, text: &str) -> Option<Vec<u8>> {
        let bytes = STANDARD.decode(text).ok()?;
        (bytes.len() == self.length()).then_some(bytes)
    }

    /// Whether the checksum of a whole can be had from those of its parts.
    pub(super) fn combines(self) -> bool {
        self.crc().is_some()
    }

    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Sha1 | Self::Sha256 => None,
        }
    }

    /// The checksum of `a` followed by `b` (`b_length` bytes), for the CRCs.
    pub(super) fn combine(self, a: &[u8], b: &[u8], b_length: u64) -> Option<Vec<u8>> {
        let crc = crc_fast::checksum_combine(self.crc()?, number(a), number(b), b_length);
        Some(self.crc_bytes(crc))
    }

    fn crc_bytes(self, value: u64) -> Vec<u8> {
        value.to_be_bytes()[8 - self.length()..].to_vec()
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Base 64, as headers have it.
pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Raw bytes from base 64.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// A checksum in the making.
pub(super) enum Hasher {
    Crc(Algorithm, Box<crc_fast::Digest>),
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl Hasher {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        match (algorithm.crc(), algorithm) {
            (Some(crc), _) => Self::Crc(algorithm, Box::new(crc_fast::Digest::new(crc))),
            (None, Algorithm::Sha256) => Self::Sha256(sha2::Sha256::new()),
            (None, _) => Self::Sha1(sha1::Sha1::new()),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(_, digest) => digest.update(bytes),
            Self::Sha1(digest) => digest.update(bytes),
            Self::Sha256(digest) => digest.update(bytes),
        }
    }

    /// The raw checksum.
    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            Self::Crc(algorithm, digest) => algorithm.crc_bytes(digest.finalize()),
            Self::Sha1(digest) => digest.finalize().to_vec(),
            Self::Sha256(digest) => digest.finalize().to_vec(),
        }
    }
}

impl Checksum {
    /// Of the bytes of a whole object, from the raw checksum.
    pub(super) fn full(algorithm: Algorithm, raw: &[u8]) -> Self {
        Self {
            algorithm,
            kind: Kind::FullObject,
            value: encode(raw),
        }
    }

    /// In the shape of an answer.
    pub(super) fn to_dto(&self) -> dto::Checksum {
        let mut answer = dto::Checksum {
            checksum_type: Some(self.kind.to_dto()),
            ..dto::Checksum::default()
        };
        let value = Some(self.value.clone());
        match self.algorithm {
            Algorithm::Crc32 => answer.checksum_crc32 = value,
            Algorithm::Crc32c => answer.checksum_crc32c = value,
            Algorithm::Crc64Nvme => answer.checksum_crc64nvme = value,
            Algorithm::Sha1 => answer.checksum_sha1 = value,
            Algorithm::Sha256 => answer.checksum_sha256 = value,
        }
        answer
    }
}

impl Kind {
    pub(super) fn to_dto(self) -> dto::ChecksumType {
        dto::ChecksumType::from_static(match self {
            Self::FullObject => dto::ChecksumType::FULL_OBJECT,
            Self::Composite => dto::ChecksumType::COMPOSITE,
        })
    }
}

/// Copies the five checksum fields of a [`dto::Checksum`] into an answer, all of which name them
/// alike.
macro_rules! set_checksum {
    ($answer:expr, $checksum:expr) => {{
        let checksum: s3s::dto::Checksum = $checksum;
        $answer.checksum_crc32 = checksum.checksum_crc32;
        $answer.checksum_crc32c = checksum.checksum_crc32c;
        $answer.checksum_crc64nvme = checksum.checksum_crc64nvme;
        $answer.checksum_sha1 = checksum.checksum_sha1;
        $answer.checksum_sha256 = checksum.checksum_sha256;
    }};
}
pub(super) use set_checksum;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(algorithm: Algorithm, expected: &str) {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(b"1234");
        hasher.update(b"56789");
        assert_eq!(encode(&hasher.finish()), expected);
    }

    /// The catalogues' check values for `123456789`, in base 64.
    #[test]
    fn checksums_have_their_published_values() {
        check(Algorithm::Crc32, "y/Q5Jg==");
        check(Algorithm::Crc32c, "4waSgw==");
        check(Algorithm::Crc64Nvme, "rosUhgp5mIg=");
        check(Algorithm::Sha1, "98O8HYCOBHMq32eZZczDTKeuNEE=");
        check(
            Algorithm::Sha256,
            "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
        );
    }

    #[test]
    fn crcs_of_parts_combine_to_that_of_the_whole() {
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            let of = |bytes: &[u8]| {
                let mut hasher = Hasher::new(algorithm);
                hasher.update(bytes);
                hasher.finish()
            };
            let combined = algorithm.combine(&of(b"1234"), &of(b"56789"), 5);
            assert_eq!(combined, Some(of(b"123456789")));
        }
    }
}
