//! A function's code: an unpacked archive, or a program that is run where it lies.
//!
//! An archive comes with the request, or from a bucket, which is read with the caller's authority.
//! A program is named by the convention that other emulators follow too: with `S3Bucket` set to
//! `hot-reload`, `S3Key` is not a key but the absolute path of an executable file, or of a folder
//! with a `bootstrap` in it. Nothing is copied, and when the file changes, the next invocation
//! runs the new one.
//!
//! Left out: container images, layers.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use zip::ZipArchive;

use super::validate::{invalid, unsupported};
use crate::core::Core;
use crate::courier::{ObjectRequest, Unreadable};
use crate::front::{ApiError, Call};

/// The `S3Bucket` that makes `S3Key` a local path.
const IN_PLACE: &str = "hot-reload";

/// The largest archive that can be uploaded directly, in bytes
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
pub(super) const LARGEST_ZIP: usize = 52_428_800;

/// The most that an archive may hold, in bytes.
pub(super) const LARGEST_CODE: u64 = 262_144_000;

/// The parameters that say where code comes from: `CreateFunction`'s `Code`, and
/// `UpdateFunctionCode`'s own.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CodeRequest {
    zip_file: Option<String>,
    #[serde(rename = "S3Bucket")]
    s3_bucket: Option<String>,
    #[serde(rename = "S3Key")]
    s3_key: Option<String>,
    #[serde(rename = "S3ObjectVersion")]
    s3_object_version: Option<String>,
    image_uri: Option<String>,
    #[serde(rename = "SourceKMSKeyArn")]
    source_kms_key_arn: Option<String>,
}

/// Code that can be run.
#[derive(Debug)]
pub(super) struct Code {
    place: Place,
    /// Base64 of the archive's SHA-256. For code that is run in place: of path, size and time of
    /// change, which says as well whether it is still the same and costs nothing for a program
    /// of many megabytes.
    pub(super) sha256: String,
    /// In bytes: the archive's, or the program's.
    pub(super) size: u64,
}

#[derive(Debug)]
enum Place {
    /// Removed with the last environment that runs it.
    Unpacked(TempDir),
    File(PathBuf),
    Folder(PathBuf),
}

/// What tells one state of a local program from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    size: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Code {
    /// Takes the code that a request brings or names.
    pub(super) async fn take(
        core: &Arc<Core>,
        call: &Call,
        request: CodeRequest,
    ) -> Result<Self, ApiError> {
        for (given, what) in [
            (&request.image_uri, "ImageUri"),
            (&request.source_kms_key_arn, "SourceKMSKeyArn"),
        ] {
            if given.is_some() {
                return Err(unsupported(what));
            }
        }
        let version = request.s3_object_version;
        let zip = match (request.zip_file, request.s3_bucket, request.s3_key) {
            (Some(zip), None, None) if version.is_none() => uploaded(&zip)?,
            (None, Some(bucket), Some(path)) if bucket == IN_PLACE => {
                return Self::in_place(&path);
            }
            (None, Some(bucket), Some(key)) => stored(core, call, bucket, key, version).await?,
            (Some(_), _, _) => {
                return Err(invalid(
                    "Please do not provide other FunctionCode parameters when providing a ZipFile.",
                ));
            }
            (None, _, _) => return Err(invalid("Please provide a source for function code.")),
        };
        let folder = core.directory.clone();
        tokio::task::spawn_blocking(move || Self::unpack(&folder, zip))
            .await
            .unwrap_or_else(|panic| Err(ApiError::internal(panic.to_string())))
    }

    /// The folder that is `LAMBDA_TASK_ROOT`.
    pub(super) fn root(&self) -> &Path {
        match &self.place {
            Place::Unpacked(folder) => folder.path(),
            Place::File(file) => file.parent().unwrap_or(file),
            Place::Folder(folder) => folder,
        }
    }

    /// The program that is started.
    pub(super) fn program(&self) -> PathBuf {
        match &self.place {
            Place::Unpacked(folder) => folder.path().join("bootstrap"),
            Place::File(file) => file.clone(),
            Place::Folder(folder) => folder.join("bootstrap"),
        }
    }

    /// The state of the program now; `None` for archives, which do not change, and for a program
    /// that is missing at the moment (it may just be compiled).
    pub(super) fn stamp(&self) -> Option<Stamp> {
        match &self.place {
            Place::Unpacked(_) => None,
            Place::File(_) | Place::Folder(_) => {
                fs::metadata(self.program()).ok().map(|of| Stamp::of(&of))
            }
        }
    }

    fn in_place(path: &str) -> Result<Self, ApiError> {
        let place = PathBuf::from(path);
        if !place.is_absolute() {
            return Err(invalid(format!(
                "{IN_PLACE}: {path} is not an absolute path"
            )));
        }
        let place = match fs::metadata(&place) {
            Ok(metadata) if metadata.is_dir() => Place::Folder(place),
            Ok(_) => Place::File(place),
            Err(error) => return Err(invalid(format!("{IN_PLACE}: {path}: {error}"))),
        };
        let mut code = Self {
            place,
            sha256: String::new(),
            size: 0,
        };
        let program = code.program();
        let metadata = fs::metadata(&program)
            .map_err(|error| invalid(format!("{IN_PLACE}: {}: {error}", program.display())))?;
        if metadata.permissions().mode() & 0o111 == 0 {
            return Err(invalid(format!(
                "{IN_PLACE}: {} is not executable",
                program.display()
            )));
        }
        let identity = format!("{} {:?}", program.display(), Stamp::of(&metadata));
        code.size = metadata.len();
        code.sha256 = BASE64_STANDARD.encode(Sha256::digest(identity));
        Ok(code)
    }

    fn unpack(parent: &Path, zip: Bytes) -> Result<Self, ApiError> {
        let (size, sha256) = (
            zip.len() as u64,
            BASE64_STANDARD.encode(Sha256::digest(&zip)),
        );
        let folder = tempfile::Builder::new()
            .prefix("code-")
            .tempdir_in(parent)
            .map_err(|error| disk(&error))?;
        extract(zip, folder.path())?;
        Ok(Self {
            place: Place::Unpacked(folder),
            sha256,
            size,
        })
    }
}

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            size: metadata.len(),
            seconds: metadata.mtime(),
            nanoseconds: metadata.mtime_nsec(),
        }
    }
}

/// The archive that comes with a request.
fn uploaded(zip: &str) -> Result<Bytes, ApiError> {
    let zip = BASE64_STANDARD
        .decode(zip)
        .map_err(|_| unreadable_archive())?;
    if zip.len() > LARGEST_ZIP {
        return Err(ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLargeException",
            format!("Zipped size must be smaller than {LARGEST_ZIP} bytes"),
        ));
    }
    Ok(Bytes::from(zip))
}

/// The archive that lies in a bucket of the function's region.
async fn stored(
    core: &Core,
    call: &Call,
    bucket: String,
    key: String,
    version: Option<String>,
) -> Result<Bytes, ApiError> {
    let wanted = ObjectRequest {
        identity: call.identity.clone(),
        cause: call.entry,
        pending: call.pending.clone(),
        region: call.region.clone(),
        bucket,
        key,
        version,
        most: LARGEST_CODE,
    };
    let read = core.destinations.read_object(&wanted).await;
    read.map_err(|unreadable| match unreadable {
        Unreadable::Denied(message) => ApiError::new(
            StatusCode::FORBIDDEN,
            "AccessDeniedException",
            format!(
                "Your access has been denied by S3, please make sure your request credentials \
                 have permission to GetObject for {}/{}. S3 Error Code: AccessDenied. S3 Error \
                 Message: {message}",
                wanted.bucket, wanted.key
            ),
        ),
        Unreadable::Refused { code, message } => invalid(format!(
            "Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"
        )),
        Unreadable::TooLarge => too_large(),
    })
}

fn extract(zip: Bytes, folder: &Path) -> Result<(), ApiError> {
    let mut archive = ZipArchive::new(io::Cursor::new(zip)).map_err(|_| unreadable_archive())?;
    let mut left = LARGEST_CODE;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|_| unreadable_archive())?;
        // A name that leads out of the folder makes the whole archive suspicious.
        let path = entry.enclosed_name().ok_or_else(unreadable_archive)?;
        if entry.is_symlink() {
            return Err(unsupported("a symbolic link in the archive"));
        }
        let path = folder.join(path);
        if entry.is_dir() {
            fs::create_dir_all(&path).map_err(|error| disk(&error))?;
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| disk(&error))?;
        }
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(entry.unix_mode().unwrap_or(0o644) & 0o777)
            .open(&path)
            .map_err(|error| disk(&error))?;
        // The sizes that an archive states about itself may be lies, so what comes out counts.
        let written = io::copy(&mut (&mut entry).take(left + 1), &mut file)
            .map_err(|_| unreadable_archive())?;
        left = left.checked_sub(written).ok_or_else(too_large)?;
    }
    Ok(())
}

fn too_large() -> ApiError {
    invalid(format!(
        "Unzipped size must be smaller than {LARGEST_CODE} bytes"
    ))
}

fn unreadable_archive() -> ApiError {
    invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
}

fn disk(error: &io::Error) -> ApiError {
    ApiError::internal(format!("cannot store the function's code: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::write::SimpleFileOptions;

    fn archive(entries: &[(&str, u32, &[u8])]) -> Bytes {
        let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, mode, content) in entries {
            zip.start_file(*name, SimpleFileOptions::default().unix_permissions(*mode))
                .unwrap();
            zip.write_all(content).unwrap();
        }
        Bytes::from(zip.finish().unwrap().into_inner())
    }

    #[test]
    fn an_archive_is_unpacked_with_its_permissions() {
        let parent = tempfile::tempdir().unwrap();
        let zip = archive(&[("bootstrap", 0o755, b"#!"), ("data/x.txt", 0o600, b"x")]);
        let code = Code::unpack(parent.path(), zip).unwrap();
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(code.program()), 0o755);
        assert_eq!(mode(code.root().join("data/x.txt")), 0o600);
        assert_eq!(code.stamp(), None);
        drop(code);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[track_caller]
    fn check_refused(zip: Bytes, message: &str) {
        let parent = tempfile::tempdir().unwrap();
        let error = Code::unpack(parent.path(), zip).unwrap_err();
        assert!(error.message.contains(message), "{error:?}");
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_bad_archive_is_refused_and_leaves_nothing() {
        let error = uploaded("no base64!").unwrap_err();
        assert_eq!(error, unreadable_archive());
        check_refused(Bytes::from_static(b"no zip"), "Could not unzip");
        check_refused(archive(&[("../out", 0o644, b"x")]), "Could not unzip");
    }

    #[track_caller]
    fn check_in_place(path: &Path, message: &str) {
        let error = Code::in_place(path.to_str().unwrap()).unwrap_err();
        assert!(error.message.contains(message), "{error:?}");
    }

    #[test]
    fn a_local_program_is_run_where_it_lies() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("bootstrap");
        check_in_place(Path::new("relative"), "not an absolute path");
        check_in_place(&folder.path().join("missing"), "No such file");
        check_in_place(folder.path(), "No such file");
        fs::write(&program, "#!").unwrap();
        check_in_place(&program, "is not executable");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        for path in [folder.path(), &program] {
            let code = Code::in_place(path.to_str().unwrap()).unwrap();
            assert_eq!(code.program(), program);
            assert_eq!(code.root(), folder.path());
            assert_eq!(code.size, 2);
            assert!(code.stamp().is_some());
        }
    }

    #[test]
    fn a_local_program_that_changes_has_another_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("bootstrap");
        fs::write(&program, "#!").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let code = Code::in_place(program.to_str().unwrap()).unwrap();
        let before = code.stamp();
        assert_eq!(code.stamp(), before);
        fs::write(&program, "#!/").unwrap();
        assert_ne!(code.stamp(), before);
    }
}
