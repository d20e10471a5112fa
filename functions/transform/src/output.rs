//! An output of the command line: a file that appears when it is complete, or standard output.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::interrupt::Unfinished;

/// Where an output goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// `-`.
    StandardOutput,
    /// A path, with symbolic links followed if something is there.
    Path(PathBuf),
}

impl Destination {
    /// Reads an argument.
    pub(crate) fn new(argument: &Path) -> Self {
        if argument == Path::new("-") {
            return Destination::StandardOutput;
        }
        // A file that takes the place of a link would leave the link's target as it was.
        Destination::Path(resolved(argument))
    }

    /// Whether this is a path to something that swallows what is written there, such as
    /// `/dev/null`, rather than to a file.
    pub(crate) fn is_device(&self) -> bool {
        match self {
            Destination::StandardOutput => false,
            Destination::Path(path) => {
                fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir())
            }
        }
    }
}

/// `path` as it is known to the system, even if nothing is there yet.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let in_folder = || {
        let folder = folder(path).canonicalize().ok()?;
        Some(folder.join(path.file_name()?))
    };
    path.canonicalize()
        .ok()
        .or_else(in_folder)
        .unwrap_or_else(|| path.to_owned())
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// An output being written.
///
/// A file is written beside its place, under a name that ends in `.partial`, and gets its own name
/// when it is complete. Dropped before that, it is gone, and if the process is interrupted.
#[derive(Debug)]
pub(crate) enum Output {
    /// A file beside its place.
    File {
        file: BufWriter<NamedTempFile>,
        path: PathBuf,
    },
    /// Standard output, or something else that is no file and so cannot be replaced: a pipe, a
    /// device. What is written there is seen at once.
    Stream(BufWriter<Stream>),
}

/// Something that bytes go into and do not come back from.
#[derive(Debug)]
pub(crate) enum Stream {
    Standard(io::Stdout),
    Special(File),
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Standard(stdout) => stdout.write(bytes),
            Stream::Special(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Standard(stdout) => stdout.flush(),
            Stream::Special(file) => file.flush(),
        }
    }
}

impl Output {
    /// Begins an output. What is at its place stays there for now.
    pub(crate) fn create(destination: &Destination, unfinished: &Unfinished) -> io::Result<Self> {
        let path = match destination {
            Destination::StandardOutput => {
                let stdout = Stream::Standard(io::stdout());
                return Ok(Output::Stream(BufWriter::new(stdout)));
            }
            Destination::Path(path) => path,
        };
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(there) if !there.is_file() => {
                let special = Stream::Special(File::options().write(true).open(path)?);
                return Ok(Output::Stream(BufWriter::new(special)));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        // A folder that is missing is best explained by the system.
        fs::metadata(folder(path))?;
        let mut prefix = OsString::from(".");
        prefix.push(path.file_name().unwrap_or_default());
        prefix.push(".");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(".partial");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any new file, as far as the process's mask lets it, and not private.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        // Of other errors only the kind: the temporary file's name means nothing to anybody.
        let file = unfinished
            .create(|| builder.tempfile_in(folder(path)))
            .map_err(|error| io::Error::from(error.kind()))?;
        Ok(Output::File {
            file: BufWriter::new(file),
            path: path.clone(),
        })
    }

    /// Makes sure that everything is written, to the disk if it is a file.
    pub(crate) fn complete(self) -> io::Result<Complete> {
        match self {
            Output::File { file, path } => {
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.as_file().sync_all()?;
                Ok(Complete(Some((file, path))))
            }
            Output::Stream(mut stream) => {
                stream.flush()?;
                Ok(Complete(None))
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Output::File { file, .. } => file.write(bytes),
            Output::Stream(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Output::File { file, .. } => file.flush(),
            Output::Stream(stream) => stream.flush(),
        }
    }
}

/// An output that is complete, but if it is a file not yet at its place.
#[derive(Debug)]
pub(crate) struct Complete(Option<(NamedTempFile, PathBuf)>);

impl Complete {
    /// Puts the file at its place, where it replaces what was there.
    pub(crate) fn publish(self) -> io::Result<()> {
        match self.0 {
            Some((file, path)) => file.persist(path).map(drop).map_err(|error| error.error),
            None => Ok(()),
        }
    }
}
