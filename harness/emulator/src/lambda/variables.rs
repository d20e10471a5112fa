//! The environment variables of a function's process: those that Lambda documents, the
//! emulator's endpoint, and the function's own. Nothing of the host's.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>. Differs from
//! AWS: `AWS_ENDPOINT_URL` leads the SDKs to the emulator; `TMPDIR` is a folder of the
//! environment's own, since `/tmp` is the host's; `LD_LIBRARY_PATH` has only the function's own
//! folders, so that the host's loader finds the host's libraries; there is no X-Ray daemon.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use super::invocation::Spec;
use super::python;
use crate::identity::Credentials;

/// Where AWS's runtimes lie; the variable is set, but there is nothing here.
const RUNTIME: &str = "/var/runtime";

/// What one process is told beyond its function's settings.
#[derive(Debug)]
pub(super) struct Surroundings<'a> {
    pub(super) endpoint: &'a str,
    pub(super) runtime_api: SocketAddr,
    pub(super) credentials: &'a Credentials,
    pub(super) log_stream: &'a str,
    pub(super) temporary: &'a Path,
}

/// All variables of a process.
pub(super) fn variables(spec: &Spec, around: &Surroundings<'_>) -> BTreeMap<String, String> {
    let settings = &spec.version.configuration;
    let root = spec.version.code.root().display();
    let region = spec.key.region.as_str();
    let credentials = around.credentials;
    let set = [
        ("AWS_ENDPOINT_URL", around.endpoint.to_owned()),
        ("_HANDLER", settings.handler.clone()),
        ("AWS_REGION", region.to_owned()),
        ("AWS_DEFAULT_REGION", region.to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", spec.key.name.to_string()),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            settings.memory_size.to_string(),
        ),
        ("AWS_LAMBDA_FUNCTION_VERSION", spec.version.name()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", settings.log_group.to_string()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", around.log_stream.to_owned()),
        ("AWS_LAMBDA_RUNTIME_API", around.runtime_api.to_string()),
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id.clone()),
        (
            "AWS_SECRET_ACCESS_KEY",
            credentials.expose_secret().to_owned(),
        ),
        (
            "AWS_SESSION_TOKEN",
            credentials.session_token.clone().unwrap_or_default(),
        ),
        ("LAMBDA_TASK_ROOT", root.to_string()),
        ("LAMBDA_RUNTIME_DIR", RUNTIME.to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("LD_LIBRARY_PATH", format!("{root}:{root}/lib")),
        ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("TMPDIR", around.temporary.display().to_string()),
    ];
    // The managed runtimes say which they are, and Python's where its client would lie.
    let managed = python::is_python(&settings.runtime).then(|| {
        [
            (
                "AWS_EXECUTION_ENV",
                format!("AWS_Lambda_{}", settings.runtime),
            ),
            ("PYTHONPATH", RUNTIME.to_owned()),
        ]
    });
    let mut variables: BTreeMap<String, String> = set
        .into_iter()
        .chain(managed.into_iter().flatten())
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    // The function's own win: those that it may not set were refused when it was made.
    variables.extend(settings.variables.clone().unwrap_or_default());
    variables
}
