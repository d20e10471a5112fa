//! The bytes of objects: in memory while small, in a file beyond a threshold.
//!
//! A [`Content`] is a list of stretches of immutable bytes, so that joining parts, copying and
//! reading a range move no bytes. A file goes away with the last content that refers to it, also
//! while somebody reads an object that was replaced meanwhile.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::{Stream, stream};
use s3s::Body;
use s3s::dto::StreamingBlob;
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufWriter};

/// Bodies up to this many bytes stay in memory.
pub(super) const IN_MEMORY: usize = 1 << 20;

/// Read from and written to files in pieces of this many bytes.
const PIECE: usize = 256 * 1024;

/// The bytes of an object or part. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    segments: Vec<Segment>,
    length: u64,
}

#[derive(Clone)]
enum Segment {
    Memory(Bytes),
    File {
        file: Arc<TempPath>,
        range: Range<u64>,
    },
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(bytes) => write!(f, "Memory({} bytes)", bytes.len()),
            Self::File { range, .. } => write!(f, "File({range:?})"),
        }
    }
}

impl Segment {
    fn length(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File { range, .. } => range.end - range.start,
        }
    }

    /// A stretch of it; `range` lies within its length.
    fn slice(&self, range: &Range<u64>) -> Self {
        match self {
            Self::Memory(bytes) => {
                // A memory segment's length came from a usize, so the bounds fit one.
                Self::Memory(bytes.slice(range.start as usize..range.end as usize))
            }
            Self::File { file, range: whole } => Self::File {
                file: Arc::clone(file),
                range: whole.start + range.start..whole.start + range.end,
            },
        }
    }
}

impl Content {
    /// Content that lies in memory.
    fn memory(bytes: Bytes) -> Self {
        let length = bytes.len() as u64;
        let segments = if bytes.is_empty() {
            Vec::new()
        } else {
            vec![Segment::Memory(bytes)]
        };
        Self { segments, length }
    }

    /// The number of bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Adds the bytes of `other` at the end.
    pub(super) fn append(&mut self, other: &Self) {
        self.segments.extend(other.segments.iter().cloned());
        self.length += other.length;
    }

    /// The bytes in `range`, which is cut to the content's length.
    pub(super) fn slice(&self, range: Range<u64>) -> Self {
        let mut sliced = Self::default();
        let mut at = 0;
        for segment in &self.segments {
            let end = at + segment.length();
            let (from, to) = (range.start.max(at), range.end.min(end));
            if from < to {
                sliced.segments.push(segment.slice(&(from - at..to - at)));
                sliced.length += to - from;
            }
            at = end;
        }
        sliced
    }

    /// The bytes, piece by piece.
    pub(super) fn read(self) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
        let segments = self.segments.into_iter();
        stream::try_unfold((segments, None), |(mut segments, open)| async move {
            let mut open: Option<Open> = open;
            loop {
                if let Some(file) = &mut open
                    && let Some(piece) = file.next().await?
                {
                    return Ok(Some((piece, (segments, open))));
                }
                match segments.next() {
                    None => return Ok(None),
                    Some(Segment::Memory(bytes)) => return Ok(Some((bytes, (segments, None)))),
                    Some(Segment::File { file, range }) => {
                        open = Some(Open::open(file, range).await?);
                    }
                }
            }
        })
    }

    /// The bytes as the body of an answer.
    pub(super) fn into_body(mut self) -> StreamingBlob {
        if let [Segment::Memory(bytes)] = self.segments.as_mut_slice() {
            return StreamingBlob::from(Body::from(std::mem::take(bytes)));
        }
        StreamingBlob::wrap(self.read())
    }
}

/// A file segment that is being read. It holds on to the file's owner until it is through.
struct Open {
    file: File,
    remaining: u64,
    _owner: Arc<TempPath>,
}

impl Open {
    async fn open(owner: Arc<TempPath>, range: Range<u64>) -> io::Result<Self> {
        let mut file = File::open(&**owner).await?;
        if range.start > 0 {
            file.seek(io::SeekFrom::Start(range.start)).await?;
        }
        Ok(Self {
            file,
            remaining: range.end - range.start,
            _owner: owner,
        })
    }

    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        if self.remaining == 0 {
            return Ok(None);
        }
        let wanted = usize::try_from(self.remaining).map_or(PIECE, |left| left.min(PIECE));
        let mut piece = BytesMut::with_capacity(wanted);
        let mut limited = (&mut self.file).take(wanted as u64);
        while piece.len() < wanted {
            if limited.read_buf(&mut piece).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.remaining -= wanted as u64;
        Ok(Some(piece.freeze()))
    }
}

/// Takes bytes as they arrive and moves to a file once there are many. Dropped before
/// [`Spool::finish`], it leaves nothing behind.
pub(super) struct Spool {
    directory: PathBuf,
    memory: BytesMut,
    file: Option<(BufWriter<File>, TempPath)>,
    length: u64,
}

impl Spool {
    /// Nothing yet; files will be made in `directory`.
    pub(super) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_path_buf(),
            memory: BytesMut::new(),
            file: None,
            length: 0,
        }
    }

    /// How many bytes came so far.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Takes the next bytes.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        if self.file.is_none() && self.memory.len() + bytes.len() <= IN_MEMORY {
            self.memory.extend_from_slice(bytes);
            return Ok(());
        }
        let (file, _) = match &mut self.file {
            Some(file) => file,
            empty => {
                let (file, path) = create(self.directory.clone()).await?;
                let mut file = BufWriter::with_capacity(PIECE, file);
                file.write_all(&std::mem::take(&mut self.memory)).await?;
                empty.insert((file, path))
            }
        };
        file.write_all(bytes).await
    }

    /// All bytes are there.
    pub(super) async fn finish(self) -> io::Result<Content> {
        let Some((mut file, path)) = self.file else {
            return Ok(Content::memory(self.memory.freeze()));
        };
        // Also waits for the last write and reports how it went.
        file.flush().await?;
        Ok(Content {
            segments: vec![Segment::File {
                file: Arc::new(path),
                range: 0..self.length,
            }],
            length: self.length,
        })
    }
}

/// Makes a file of our own in `directory`, which is made if needed.
async fn create(directory: PathBuf) -> io::Result<(File, TempPath)> {
    let file = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&directory)?;
        tempfile::Builder::new()
            .prefix("object-")
            .tempfile_in(&directory)
    })
    .await
    .map_err(io::Error::other)??;
    let (file, path) = file.into_parts();
    Ok((File::from_std(file), path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;

    async fn spooled(directory: &Path, chunks: &[&[u8]]) -> Content {
        let mut spool = Spool::new(directory);
        for chunk in chunks {
            spool.write(chunk).await.unwrap();
        }
        spool.finish().await.unwrap()
    }

    async fn bytes(content: Content) -> Vec<u8> {
        let pieces: Vec<Bytes> = Box::pin(content.read()).try_collect().await.unwrap();
        pieces.concat()
    }

    fn files(directory: &Path) -> usize {
        std::fs::read_dir(directory).map_or(0, Iterator::count)
    }

    #[tokio::test]
    async fn what_is_small_needs_no_file_and_what_is_large_needs_one() {
        let directory = tempfile::tempdir().unwrap();
        let small = spooled(directory.path(), &[b"small"]).await;
        assert_eq!(files(directory.path()), 0);
        assert_eq!(bytes(small).await, b"small");
        let chunk = vec![7; 700_000];
        let large = spooled(directory.path(), &[&chunk, &chunk]).await;
        assert_eq!(files(directory.path()), 1);
        assert_eq!(large.length(), 1_400_000);
        assert_eq!(bytes(large.clone()).await.len(), 1_400_000);
        drop(large);
        assert_eq!(files(directory.path()), 0);
    }

    #[tokio::test]
    async fn a_body_that_cannot_be_written_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let in_the_way = directory.path().join("file");
        std::fs::write(&in_the_way, b"").unwrap();
        let mut spool = Spool::new(&in_the_way);
        assert!(spool.write(&vec![0; IN_MEMORY + 1]).await.is_err());
    }

    #[tokio::test]
    async fn an_unfinished_upload_leaves_no_file() {
        let directory = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(directory.path());
        spool.write(&vec![0; IN_MEMORY + 1]).await.unwrap();
        assert_eq!(files(directory.path()), 1);
        drop(spool);
        assert_eq!(files(directory.path()), 0);
    }

    #[tokio::test]
    async fn ranges_cross_from_memory_to_files() {
        let directory = tempfile::tempdir().unwrap();
        let mut content = spooled(directory.path(), &[b"abc"]).await;
        content.append(&spooled(directory.path(), &[&vec![b'x'; IN_MEMORY + 5]]).await);
        content.append(&spooled(directory.path(), &[b"def"]).await);
        let length = content.length();
        assert_eq!(bytes(content.slice(1..5)).await, b"bcxx");
        assert_eq!(bytes(content.slice(length - 4..length + 9)).await, b"xdef");
        assert_eq!(content.slice(9..9).length(), 0);
        let all = content.slice(0..length);
        drop(content);
        assert_eq!(bytes(all).await.len() as u64, length);
    }
}
