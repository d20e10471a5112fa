//! Bodies in chunks (`aws-chunked`), before `s3s` reads them: their sizes are checked, and no chunk
//! need fit into memory.
//!
//! `s3s` holds a whole chunk before it hands any of it on. For a chunk with a signature that is how
//! it must be, so there is a limit to its size. A chunk without one may be as long as the object (some
//! clients send all of it as one), so it goes on in pieces, each a chunk of its own. What is no chunk
//! at all goes on as it is, and `s3s` refuses it.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body, Frame, SizeHint};

use super::receive::text;
use crate::front::{BodyError, RequestBody};

/// The smallest chunk but the last, in bytes.
const SMALLEST: u64 = 8192;

/// The largest chunk with a signature, in bytes: a limit of the emulator's own. Clients' have 64 KiB
/// to 1 MiB.
pub(super) const LARGEST_SIGNED: u64 = 64 << 20;

/// The longest line before a chunk, in bytes. It has a size and a signature.
const LONGEST_LINE: usize = 1024;

/// What is wrong with a chunk's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadChunk {
    /// One that is not the last has less than 8 KiB.
    Small {
        /// The number, counted from 1, of the chunk after it.
        number: u64,
        /// Its size in bytes.
        size: u64,
    },
    /// One that is signed has more than [`LARGEST_SIGNED`].
    Large {
        /// Its size in bytes.
        size: u64,
    },
}

/// What was found wrong, known to whoever answers, however the body is read.
pub(super) type Found = Arc<OnceLock<BadChunk>>;

/// A body as `s3s` is to read it.
pub(super) struct ChunkedBody {
    inner: RequestBody,
    framing: Option<Framing>,
    ready: VecDeque<Bytes>,
    /// What is wrong behind what is ready.
    bad: Option<BadChunk>,
    found: Found,
}

impl ChunkedBody {
    /// The body of a request with these headers.
    pub(super) fn new(inner: RequestBody, headers: &HeaderMap) -> Self {
        Self {
            inner,
            framing: Framing::of(headers),
            ready: VecDeque::new(),
            bad: None,
            found: Found::default(),
        }
    }

    /// Tells, also after the body is gone, what was wrong.
    pub(super) fn found(&self) -> Found {
        Arc::clone(&self.found)
    }
}

/// Why the body of a request ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChunkedBodyError {
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error("a chunk has a size that it may not have")]
    Size,
}

impl Body for ChunkedBody {
    type Data = Bytes;
    type Error = ChunkedBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ChunkedBodyError>>> {
        let this = &mut *self;
        loop {
            if let Some(bytes) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            if let Some(bad) = this.bad {
                // The first one counts.
                let _ = this.found.set(bad);
                return Poll::Ready(Some(Err(ChunkedBodyError::Size)));
            }
            let frame = std::task::ready!(Pin::new(&mut this.inner).poll_frame(context));
            let frame = match frame {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => return Poll::Ready(None),
            };
            let Some(framing) = &mut this.framing else {
                return Poll::Ready(Some(Ok(frame)));
            };
            let bytes = match frame.into_data() {
                Ok(bytes) => bytes,
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            };
            this.bad = framing.feed(bytes, &mut this.ready).err();
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ready.is_empty() && self.bad.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.framing {
            None => self.inner.size_hint(),
            // In pieces it is longer.
            Some(_) => SizeHint::default(),
        }
    }
}

/// Where in a sequence of chunks reading has come to.
#[derive(Debug)]
struct Framing {
    signed: bool,
    place: Place,
    /// How many chunks have begun.
    number: u64,
    /// The size of the newest.
    size: u64,
}

#[derive(Debug)]
enum Place {
    /// In the line before a chunk, of which this has come.
    Line(Vec<u8>),
    /// In a chunk of which so many bytes are to come.
    Data(u64),
    /// In the line break after a chunk, of which this is to come.
    Break(&'static [u8]),
    /// Behind the last chunk, or where no chunks are.
    Rest,
}

impl Framing {
    /// `None` if the body of a request with these headers is not in chunks.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let payload = text(headers, "x-amz-content-sha256")?;
        let kind = payload.strip_prefix("STREAMING-")?;
        Some(Self {
            signed: !kind.starts_with("UNSIGNED-"),
            place: Place::Line(Vec::new()),
            number: 0,
            size: 0,
        })
    }

    /// Reads what has come, and adds to `out` what is to go on.
    fn feed(&mut self, mut bytes: Bytes, out: &mut VecDeque<Bytes>) -> Result<(), BadChunk> {
        while !bytes.is_empty() {
            match &mut self.place {
                Place::Line(line) => {
                    let end = bytes.iter().position(|byte| *byte == b'\n');
                    let part = bytes.split_to(end.map_or(bytes.len(), |end| end + 1));
                    line.extend_from_slice(&part);
                    if end.is_some() || line.len() > LONGEST_LINE {
                        let line = std::mem::take(line);
                        self.begin(line.into(), out)?;
                    }
                }
                Place::Data(left) => {
                    let length = usize::try_from(*left).unwrap_or(usize::MAX);
                    let part = bytes.split_to(length.min(bytes.len()));
                    *left -= part.len() as u64;
                    if *left == 0 {
                        self.place = Place::Break(b"\r\n");
                    }
                    if self.signed {
                        out.push_back(part);
                    } else {
                        out.push_back(format!("{:x}\r\n", part.len()).into());
                        out.push_back(part);
                        out.push_back(Bytes::from_static(b"\r\n"));
                    }
                }
                Place::Break(left) => {
                    let length = left.len().min(bytes.len());
                    let part = bytes.split_to(length);
                    if part != left[..length] {
                        self.place = Place::Rest;
                        out.push_back(part);
                        continue;
                    }
                    *left = &left[length..];
                    if left.is_empty() {
                        self.place = Place::Line(Vec::new());
                    }
                    if self.signed {
                        out.push_back(part);
                    }
                }
                Place::Rest => out.push_back(std::mem::take(&mut bytes)),
            }
        }
        Ok(())
    }

    /// A chunk begins with this line.
    fn begin(&mut self, line: Bytes, out: &mut VecDeque<Bytes>) -> Result<(), BadChunk> {
        let Some(size) = size(&line, self.signed).filter(|size| *size > 0) else {
            self.place = Place::Rest;
            out.push_back(line);
            return Ok(());
        };
        if self.number > 0 && self.size < SMALLEST {
            return Err(BadChunk::Small {
                number: self.number + 1,
                size: self.size,
            });
        }
        if self.signed && size > LARGEST_SIGNED {
            return Err(BadChunk::Large { size });
        }
        self.number += 1;
        self.size = size;
        self.place = Place::Data(size);
        if self.signed {
            out.push_back(line);
        }
        Ok(())
    }
}

/// The size that a line before a chunk names. Only signed chunks have something behind it.
fn size(line: &[u8], signed: bool) -> Option<u64> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix("\r\n")?;
    let digits = match line.split_once(';') {
        Some((digits, _)) if signed => digits,
        Some(_) => return None,
        None => line,
    };
    // `from_str_radix` would take a sign.
    let are_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    are_digits.then(|| u64::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn framing(signed: bool) -> Framing {
        let payload = match signed {
            true => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            false => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        };
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-content-sha256", payload.parse().unwrap());
        Framing::of(&headers).unwrap()
    }

    /// What goes on of `text`, which comes in pieces of `length` bytes.
    fn fed(signed: bool, text: &[u8], length: usize) -> Result<Vec<u8>, BadChunk> {
        let mut framing = framing(signed);
        let mut out = VecDeque::new();
        for piece in text.chunks(length) {
            framing.feed(Bytes::copy_from_slice(piece), &mut out)?;
        }
        Ok(out.into_iter().flatten().collect())
    }

    /// One chunk of `size` bytes, with `behind` its size.
    fn chunk(size: usize, behind: &str) -> Vec<u8> {
        let mut chunk = format!("{size:X}{behind}\r\n").into_bytes();
        chunk.extend(std::iter::repeat_n(b'x', size));
        chunk.extend(b"\r\n");
        chunk
    }

    const LAST: &[u8] = b"0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n";

    /// The data of unsigned chunks, and what is behind the last one.
    fn decoded(mut body: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let mut data = Vec::new();
        loop {
            let end = body.iter().position(|byte| *byte == b'\n').unwrap();
            let size = usize::try_from(size(&body[..=end], false).unwrap()).unwrap();
            if size == 0 {
                return (data, body.to_vec());
            }
            let chunk = &body[end + 1..];
            data.extend_from_slice(&chunk[..size]);
            assert_eq!(&chunk[size..size + 2], b"\r\n");
            body = &chunk[size + 2..];
        }
    }

    #[test]
    fn signed_chunks_go_on_as_they_are() {
        let signature = format!(";chunk-signature={}", "0".repeat(64));
        let mut body = chunk(8192, &signature);
        body.extend(chunk(100, &signature));
        body.extend(b"0;chunk-signature=0\r\n\r\n");
        for length in [1, 7, 8192, 100_000] {
            assert_eq!(fed(true, &body, length), Ok(body.clone()), "{length}");
        }
    }

    #[test]
    fn an_unsigned_chunk_of_any_size_goes_on_in_pieces() {
        let mut body = chunk(100_000, "");
        body.extend(chunk(5, ""));
        body.extend(LAST);
        for length in [1, 2, 7, 4096, 200_000] {
            let (data, last) = decoded(&fed(false, &body, length).unwrap());
            assert_eq!((data.len(), last.as_slice()), (100_005, LAST), "{length}");
        }
        // None is held back: what has come of a chunk has gone on.
        let mut framing = framing(false);
        let mut out = VecDeque::new();
        let part = Bytes::from_static(b"FFFFFFFFFFFF\r\nabc");
        framing.feed(part, &mut out).unwrap();
        assert_eq!(
            out.into_iter().flatten().collect::<Vec<u8>>(),
            b"3\r\nabc\r\n"
        );
    }

    #[test]
    fn only_the_last_chunk_may_be_small() {
        for signed in [true, false] {
            for sizes in [&[8192, 8191][..], &[3], &[8192, 8192]] {
                let mut body: Vec<u8> = sizes.iter().flat_map(|size| chunk(*size, "")).collect();
                body.extend(LAST);
                assert!(fed(signed, &body, 1000).is_ok(), "{sizes:?}");
            }
            let mut body = chunk(9000, "");
            body.extend(chunk(8191, ""));
            body.extend(chunk(1, ""));
            let small = BadChunk::Small {
                number: 3,
                size: 8191,
            };
            assert_eq!(fed(signed, &body, 1000), Err(small));
        }
    }

    #[test]
    fn a_signed_chunk_has_a_largest_size() {
        let line = |size: u64| format!("{size:x};chunk-signature=0\r\n").into_bytes();
        assert!(fed(true, &line(LARGEST_SIGNED), 10).is_ok());
        let size = LARGEST_SIGNED + 1;
        assert_eq!(fed(true, &line(size), 10), Err(BadChunk::Large { size }));
    }

    #[test]
    fn what_is_no_chunk_goes_on_as_it_is() {
        let long = "1".repeat(3000);
        for body in [
            "",
            "\r\n",
            "5\nabcde\r\n",
            "+5\r\nabcde\r\n",
            "5;x=y\r\nabcde",
            "x",
            &long,
            "fffffffffffffffff\r\n",
            "0\r\n5\r\nabcde",
        ] {
            for length in [1, 3, 5000] {
                let fed = fed(false, body.as_bytes(), length).unwrap();
                // A line that has not ended may still become one.
                let unfinished = !body.contains('\n') && body.len() <= LONGEST_LINE;
                let expected = if unfinished { "" } else { body };
                assert_eq!(String::from_utf8_lossy(&fed), expected, "{length}");
            }
        }
        // Something else than a line break behind a chunk.
        assert_eq!(
            fed(false, b"3\r\nabcX\r\n", 6).unwrap(),
            b"3\r\nabc\r\nX\r\n"
        );
    }

    /// Some body: mostly chunks, sometimes something else.
    fn some_body(random: &Random, signed: bool) -> Vec<u8> {
        let behind = if signed { ";chunk-signature=0" } else { "" };
        let mut body = Vec::new();
        for _ in 0..random.below(6) {
            match random.below(12) {
                0 => body.extend(b"\r\n"),
                1 => body.extend(random.bytes::<5>()),
                2 => body.extend(b"10;x\r\n"),
                3 => body.extend(LAST),
                _ => {
                    let size = usize::try_from(random.below(20_000)).unwrap();
                    body.extend(chunk(size, behind));
                }
            }
        }
        body
    }

    #[test]
    fn how_a_body_is_cut_on_its_way_does_not_matter() {
        let random = Random::new(7);
        for signed in [true, false] {
            for case in 0..500 {
                let body = some_body(&random, signed);
                let whole = fed(signed, &body, body.len().max(1));
                let length = usize::try_from(1 + random.below(9000)).unwrap();
                let cut = fed(signed, &body, length);
                let read = |fed: Vec<u8>| if signed { fed } else { joined(&fed) };
                assert_eq!(cut.map(read), whole.map(read), "case {case}");
            }
        }
    }

    /// What is in unsigned chunks, however many there are of it, and what is behind them.
    fn joined(mut body: &[u8]) -> Vec<u8> {
        let mut data = Vec::new();
        while let Some(end) = body.iter().position(|byte| *byte == b'\n') {
            let Some(size) = size(&body[..=end], false).filter(|size| *size > 0) else {
                break;
            };
            let size = usize::try_from(size).unwrap();
            let Some(chunk) = body.get(end + 1..end + 1 + size) else {
                break;
            };
            data.extend_from_slice(chunk);
            body = body.get(end + 3 + size..).unwrap_or_default();
        }
        data.extend_from_slice(b" then ");
        data.extend_from_slice(body);
        data
    }
}
