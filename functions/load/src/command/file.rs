//! A load file on this machine, read twice: once for its digest, once for its rows.
//!
//! The digest is the load's identity in the ledger and has to be known before the first row is
//! written. The first reading also finds what is malformed, before any database is asked. Standard
//! input can be read once only, so it is kept in a temporary file without a name.

use std::io::SeekFrom;
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use zipcodes::load_file::{LoadFileError, Reader};

use crate::source::Source;

/// Bytes read at a time.
const CHUNK: usize = 256 * 1024;

/// Why a local load file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system does not give it.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The file as it was named.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// It is not a load file.
    #[error("{path} is not a load file: {source}")]
    Malformed {
        /// The file as it was named.
        path: String,
        /// Where, and what is wrong there.
        source: LoadFileError,
    },
    /// Somebody wrote to it between the two readings.
    #[error("{0} was changed while it was being loaded")]
    Changed(String),
}

/// An open load file whose digest is known.
#[derive(Debug)]
pub struct LocalFile {
    shown: PathBuf,
    file: File,
    digest: String,
    so_far: Sha256,
}

impl LocalFile {
    /// Opens the file, checks it from start to end and computes its digest; `-` is standard input.
    pub async fn open(path: &Path) -> Result<Self, FileError> {
        let is_stdin = path.as_os_str() == "-";
        let shown = if is_stdin {
            Path::new("standard input")
        } else {
            path
        };
        let opened = async {
            if is_stdin {
                let mut spool = File::from_std(tempfile::tempfile()?);
                tokio::io::copy(&mut tokio::io::stdin(), &mut spool).await?;
                spool.flush().await?;
                Ok(spool)
            } else {
                File::open(path).await
            }
        };
        let file = opened.await.map_err(|source| FileError::Io {
            path: shown.display().to_string(),
            source,
        })?;
        let mut file = LocalFile {
            shown: shown.to_owned(),
            file,
            digest: String::new(),
            so_far: Sha256::new(),
        };
        file.rewind().await?;
        file.check().await?;
        file.digest = hex::encode(file.so_far.finalize_reset());
        file.rewind().await?;
        Ok(file)
    }

    /// The SHA-256 digest of the whole file, in 64 hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    async fn check(&mut self) -> Result<(), FileError> {
        let (mut reader, mut rows) = (Reader::new(), Vec::new());
        while let Some(chunk) = self.read().await? {
            reader
                .push(&chunk, &mut rows)
                .map_err(|source| self.malformed(source))?;
            rows.clear();
        }
        reader
            .finish(&mut rows)
            .map_err(|source| self.malformed(source))
    }

    async fn read(&mut self) -> Result<Option<Bytes>, FileError> {
        let mut chunk = BytesMut::with_capacity(CHUNK);
        match self.file.read_buf(&mut chunk).await {
            Ok(0) => Ok(None),
            Ok(_) => {
                self.so_far.update(&chunk);
                Ok(Some(chunk.freeze()))
            }
            Err(source) => Err(self.io(source)),
        }
    }

    async fn rewind(&mut self) -> Result<(), FileError> {
        self.so_far = Sha256::new();
        match self.file.seek(SeekFrom::Start(0)).await {
            Ok(_) => Ok(()),
            Err(source) => Err(self.io(source)),
        }
    }

    fn malformed(&self, source: LoadFileError) -> FileError {
        FileError::Malformed {
            path: self.shown.display().to_string(),
            source,
        }
    }

    fn io(&self, source: std::io::Error) -> FileError {
        FileError::Io {
            path: self.shown.display().to_string(),
            source,
        }
    }
}

impl Source for LocalFile {
    type Error = FileError;

    async fn next_chunk(&mut self) -> Result<Option<Bytes>, FileError> {
        let chunk = self.read().await?;
        // The ledger is about to say that these very bytes were loaded.
        if chunk.is_none() && hex::encode(self.so_far.finalize_reset()) != self.digest {
            return Err(FileError::Changed(self.shown.display().to_string()));
        }
        Ok(chunk)
    }

    async fn restart(&mut self) -> Result<(), FileError> {
        self.rewind().await
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const HEADER: &str = "zipcode,zipcode_type,city,state,location_type,latitude,longitude,\
                          location,decommissioned\n";
    const ROW: &str = "06604,STANDARD,BRIDGEPORT,CT,PRIMARY,41.18,-73.19,NA-US-CT,FALSE\n";

    fn written(rows: usize) -> (tempfile::NamedTempFile, Vec<u8>) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let content = format!("{HEADER}{}", ROW.repeat(rows)).into_bytes();
        file.write_all(&content).unwrap();
        (file, content)
    }

    async fn content(file: &mut LocalFile) -> Result<Vec<u8>, FileError> {
        let mut content = Vec::new();
        while let Some(chunk) = file.next_chunk().await? {
            content.extend_from_slice(&chunk);
        }
        Ok(content)
    }

    #[tokio::test]
    async fn a_file_is_read_as_often_as_needed() {
        let (written, bytes) = written(3 * CHUNK / ROW.len() + 1);
        let mut file = LocalFile::open(written.path()).await.unwrap();
        assert_eq!(file.digest().len(), 64);
        assert!(content(&mut file).await.unwrap() == bytes);
        file.restart().await.unwrap();
        file.next_chunk().await.unwrap();
        file.restart().await.unwrap();
        assert!(content(&mut file).await.unwrap() == bytes);
    }

    #[tokio::test]
    async fn a_file_that_changes_in_between_is_noticed() {
        let (mut written, _) = written(1);
        let mut file = LocalFile::open(written.path()).await.unwrap();
        written.write_all(ROW.as_bytes()).unwrap();
        let error = content(&mut file).await.unwrap_err();
        assert!(matches!(error, FileError::Changed(_)), "{error}");
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_named() {
        let error = LocalFile::open(Path::new("/nowhere/zipcodes.csv"))
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot read /nowhere/zipcodes.csv: No such file or directory (os error 2)"
        );
    }
}
