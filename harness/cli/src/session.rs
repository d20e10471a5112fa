//! What a running stack says of itself, so that other commands find it: one file, there while
//! the stack is up.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zipster_targets::Project;

use crate::stage::Stage;

/// How to reach a running stack. Printed by `up --json` as one line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL`.
    pub endpoint: String,
    /// For `AWS_REGION`.
    pub region: String,
    /// The account's number.
    pub account: String,
    /// For `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// For `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `mysql://...`, of the loaded zip codes.
    pub database_url: String,
    /// The same with all rights, for migrations.
    pub database_owner_url: String,
    /// Where files are put.
    pub input_bucket: String,
    /// Where load files wait.
    pub load_bucket: String,
    /// Where error files are written.
    pub error_bucket: String,
    /// Where transform announces its steps.
    pub transform_topic_arn: String,
    /// Where load announces its steps.
    pub load_topic_arn: String,
    /// The transform function's name.
    pub transform_function: String,
    /// The load function's name.
    pub load_function: String,
}

impl Session {
    /// What there is to say of a stack that is up.
    pub fn of(stage: &Stage) -> Self {
        let pipeline = &stage.pipeline;
        let outputs = pipeline.outputs().clone();
        let (endpoint, access_key_id, secret_access_key) = match stage.emulator() {
            Some(emulator) => {
                let administrator = emulator.administrator();
                (
                    emulator.endpoint(),
                    administrator.access_key_id.clone(),
                    administrator.expose_secret().to_owned(),
                )
            }
            // LocalStack lets anybody do anything.
            None => (
                stage
                    .services()
                    .map(|services| services.endpoint().to_owned())
                    .unwrap_or_default(),
                "test".to_owned(),
                "test".to_owned(),
            ),
        };
        Self {
            endpoint,
            region: outputs.region,
            account: outputs.account_id,
            access_key_id,
            secret_access_key,
            database_url: pipeline.database().url().expose().to_owned(),
            database_owner_url: pipeline.database().owner_url().expose().to_owned(),
            input_bucket: outputs.input_bucket,
            load_bucket: outputs.load_bucket,
            error_bucket: outputs.error_bucket,
            transform_topic_arn: outputs.transform_topic_arn,
            load_topic_arn: outputs.load_topic_arn,
            transform_function: outputs.transform_function,
            load_function: outputs.load_function,
        }
    }

    /// The session of a stack that is up, if there is one. A file that a killed process has left
    /// behind does not count: nobody answers at its endpoint.
    pub async fn find(project: &Project) -> Option<Self> {
        let text = fs::read(path(project)).ok()?;
        let session: Self = serde_json::from_slice(&text).ok()?;
        let address = session.endpoint.strip_prefix("http://")?;
        tokio::net::TcpStream::connect(address).await.ok()?;
        Some(session)
    }
}

/// The file, removed when the stack goes.
#[derive(Debug)]
pub struct SessionFile {
    path: PathBuf,
    text: Vec<u8>,
}

impl SessionFile {
    /// Writes `session` for others to find; readable by this user alone, since it holds secrets.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(project: &Project, session: &Session) -> io::Result<Self> {
        let path = path(project);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let text = serde_json::to_vec(session)?;
        write_private(&path, &text)?;
        Ok(Self { path, text })
    }
}

impl Drop for SessionFile {
    fn drop(&mut self) {
        // Another stack of the same project may have come up since, and is to be found.
        if fs::read(&self.path).is_ok_and(|text| text != self.text) {
            return;
        }
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "cannot remove the session file");
        }
    }
}

fn path(project: &Project) -> PathBuf {
    project.scratch().join("session.json")
}

/// Beside and renamed, so that a reader never sees half of it.
fn write_private(path: &Path, text: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let half = path.with_extension("json.new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&half)?;
    file.write_all(text)?;
    fs::rename(&half, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_that_goes_leaves_the_session_of_a_later_one() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("terraform")).unwrap();
        fs::write(root.path().join("terraform/main.tf"), "").unwrap();
        let project = Project::find(root.path()).unwrap();
        let session = |endpoint: &str| Session {
            endpoint: endpoint.to_owned(),
            ..serde_json::from_value(serde_json::json!({
                "endpoint": "", "region": "", "account": "", "access_key_id": "",
                "secret_access_key": "", "database_url": "",
                "database_owner_url": "", "input_bucket": "",
                "load_bucket": "", "error_bucket": "", "transform_topic_arn": "",
                "load_topic_arn": "", "transform_function": "", "load_function": "",
            }))
            .unwrap()
        };
        let first = SessionFile::write(&project, &session("http://127.0.0.1:1")).unwrap();
        let second = SessionFile::write(&project, &session("http://127.0.0.1:2")).unwrap();
        drop(first);
        assert!(path(&project).exists());
        drop(second);
        assert!(!path(&project).exists());
    }
}
