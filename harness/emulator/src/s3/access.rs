//! Who calls, whether they may, and the call's entry in the journal: what happens between a
//! verified signature and the operation.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::{HeaderMap, Uri};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::path::S3Path;
use s3s::{S3Request, S3Result};
use zipster_names::{AccountId, Arn, BucketName, ObjectKey, Region};

use super::bucket::US_EAST_1;
use super::error::Failure;
use super::operations::{self, Operation, Subject};
use super::receive::text;
use super::store::Store;
use crate::core::Core;
use crate::fault::CallFault;
use crate::front::CallContext;
use crate::iam::Authorization;
use crate::identity::{Execution, Identity};
use crate::journal::{EntryId, Event, Pending};

/// The headers that policies may have conditions on.
const HEADER_CONDITIONS: [(&str, &str); 8] = [
    ("x-amz-acl", "s3:x-amz-acl"),
    ("x-amz-content-sha256", "s3:x-amz-content-sha256"),
    ("x-amz-copy-source", "s3:x-amz-copy-source"),
    ("x-amz-metadata-directive", "s3:x-amz-metadata-directive"),
    (
        "x-amz-server-side-encryption",
        "s3:x-amz-server-side-encryption",
    ),
    ("x-amz-storage-class", "s3:x-amz-storage-class"),
    ("if-match", "s3:if-match"),
    ("if-none-match", "s3:if-none-match"),
];

/// The query parameters that policies may have conditions on.
const QUERY_CONDITIONS: [(&str, &str); 3] = [
    ("prefix", "s3:prefix"),
    ("delimiter", "s3:delimiter"),
    ("max-keys", "s3:max-keys"),
];

/// Headers that would change what happens in a way that is not supported.
const REFUSED_HEADERS: [&str; 13] = [
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-context",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-copy-source-server-side-encryption-customer-algorithm",
    "x-amz-website-redirect-location",
    "x-amz-write-offset-bytes",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold",
    "x-amz-bucket-object-lock-enabled",
    "x-amz-mfa",
    "x-amz-if-match-last-modified-time",
    "x-amz-if-match-size",
];

/// Headers that only buckets with access control lists allow, which none here has.
const ACL_HEADERS: [&str; 5] = [
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
];

/// One request, from its arrival to its answer.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) context: CallContext,
    /// S3's second request identifier, `x-amz-id-2`.
    pub(super) host_id: String,
    /// The region that the request is signed for, which is that of the endpoint it was sent to.
    region: Option<String>,
    seen: Mutex<Option<Seen>>,
    details: Mutex<Vec<(String, String)>>,
}

/// What is known of a request once its caller and operation are.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) entry: EntryId,
    pub(super) fault: Option<CallFault>,
    pub(super) execution: Option<Arc<Execution>>,
}

impl Track {
    pub(super) fn new(context: CallContext, host_id: String, region: Option<String>) -> Self {
        Self {
            context,
            host_id,
            region,
            seen: Mutex::new(None),
            details: Mutex::default(),
        }
    }

    /// What is known, if the request got that far.
    pub(super) fn seen(&self) -> Option<Seen> {
        self.lock().clone()
    }

    /// Adds elements to the error that the operation is about to answer with; `s3s` has no place
    /// for them.
    pub(super) fn explain(&self, details: Vec<(String, String)>) {
        *self.details.lock().unwrap_or_else(PoisonError::into_inner) = details;
    }

    /// What [`Self::explain`] was given.
    pub(super) fn details(&self) -> Vec<(String, String)> {
        let details = self.details.lock();
        details.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An allowed call, as the operations see it.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) identity: Identity,
    /// The call's journal entry: the cause of what it does.
    pub(super) entry: EntryId,
    /// Held until the answer is sent; cloned for what the call leaves behind.
    pub(super) pending: Pending,
    pub(super) request_id: String,
    pub(super) host_id: String,
    /// The caller as events name it, such as `AROA...:session`.
    pub(super) unique_id: String,
    /// The region that the request was signed for.
    pub(super) region: Option<Region>,
}

impl Caller {
    /// The caller of a request that passed [`Gate`].
    pub(super) fn of<T>(request: &S3Request<T>) -> Result<Self, Failure> {
        let mut caller: Self = request.extensions.get().cloned().ok_or(Failure::Internal)?;
        caller.region = match &request.region {
            None => None,
            Some(region) => Region::parse(region.as_str()).ok(),
        };
        Ok(caller)
    }

    /// The caller's account.
    pub(super) fn account(&self) -> &AccountId {
        self.identity.principal.account()
    }
}

/// What every operation works on.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) core: Arc<Core>,
    pub(super) store: Store,
}

impl Shared {
    /// Decides about an action on an object, or on a bucket when there is no key.
    pub(super) fn authorize(
        &self,
        caller: &Caller,
        action: &str,
        bucket: &str,
        key: Option<&str>,
        context: &[(&str, String)],
    ) -> Result<(), Failure> {
        let (owner, policy) = self.store.bucket(bucket, |bucket| {
            (bucket.owner.clone(), bucket.settings.policy.clone())
        })?;
        let mut context = context.to_vec();
        context.push(("aws:ResourceAccount", owner.to_string()));
        context.push(("s3:ResourceAccount", owner.to_string()));
        self.decide(
            caller,
            action,
            &self.arn(bucket, key)?,
            &context,
            policy.as_deref(),
        )
    }

    fn decide(
        &self,
        caller: &Caller,
        action: &str,
        resource: &str,
        context: &[(&str, String)],
        policy: Option<&str>,
    ) -> Result<(), Failure> {
        let request = Authorization {
            cause: caller.entry,
            action,
            resource,
            context,
            resource_policy: policy,
        };
        self.core
            .authorize(&caller.identity, &request)
            .map_err(|denied| Failure::AccessDenied(denied.message))
    }

    fn arn(&self, bucket: &str, key: Option<&str>) -> Result<String, Failure> {
        let partition = self.core.region.partition();
        let bucket = bucket_name(bucket)?;
        let arn = match key {
            None => Arn::bucket(partition, &bucket),
            Some(key) => Arn::object(partition, &bucket, &object_key(key)?),
        };
        Ok(arn.to_string())
    }
}

/// A bucket's name, which `s3s` checked less strictly; no bucket has one that does not parse.
pub(super) fn bucket_name(name: &str) -> Result<BucketName, Failure> {
    BucketName::parse(name).map_err(|_| Failure::NoSuchBucket)
}

/// An object's key.
pub(super) fn object_key(key: &str) -> Result<ObjectKey, Failure> {
    ObjectKey::parse(key).map_err(|error| Failure::InvalidArgument(error.to_string()))
}

/// Lets requests in: `s3s` asks it for secrets, and then for every request whether it may go on.
pub(super) struct Gate(pub(super) Arc<Shared>);

#[async_trait]
impl S3Auth for Gate {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let (credentials, _) = self
            .0
            .core
            .credentials
            .find(access_key)
            .ok_or(Failure::UnknownKey)?;
        Ok(SecretKey::from(credentials.expose_secret()))
    }
}

#[async_trait]
impl S3Access for Gate {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        let track: Arc<Track> = cx
            .extensions_mut()
            .get()
            .cloned()
            .ok_or(Failure::Internal)?;
        let identity = match cx.credentials() {
            None => None,
            Some(credentials) => {
                let key = credentials.access_key.clone();
                Some(self.identify(&key, cx.headers(), cx.uri())?)
            }
        };
        let caller = self.admit(&track, identity, cx)?;
        self.allow(&caller, &track, cx)?;
        cx.extensions_mut().insert(caller);
        Ok(())
    }
}

impl Gate {
    /// The owner of the key, if the session token that belongs to it came along.
    fn identify(&self, key: &str, headers: &HeaderMap, uri: &Uri) -> Result<Identity, Failure> {
        let core = &self.0.core;
        let (credentials, identity) = core.credentials.find(key).ok_or(Failure::UnknownKey)?;
        let token = match text(headers, "x-amz-security-token") {
            Some(token) => Some(token.to_owned()),
            None => query(uri, "X-Amz-Security-Token"),
        };
        match (&credentials.session_token, token) {
            (None, None) => {}
            (Some(expected), Some(token)) if *expected == token => {}
            (Some(_), None) => return Err(Failure::UnknownKey),
            (_, Some(_)) => return Err(Failure::InvalidToken),
        }
        if credentials
            .expires
            .is_some_and(|end| end <= core.clock.now())
        {
            return Err(Failure::ExpiredToken);
        }
        Ok(identity)
    }

    /// Writes the call into the journal, and lets the fault plan have its way.
    fn admit(
        &self,
        track: &Track,
        identity: Option<Identity>,
        cx: &S3AccessContext<'_>,
    ) -> Result<Caller, Failure> {
        let core = &self.0.core;
        let name = cx.s3_op().name();
        let execution = identity
            .as_ref()
            .and_then(|identity| identity.execution.clone());
        let entry = core.journal.record(
            execution.as_ref().and_then(|execution| execution.cause()),
            Event::ApiCall {
                service: "s3",
                operation: name.to_owned(),
                caller: identity
                    .as_ref()
                    .map_or_else(|| "anonymous".to_owned(), |known| known.principal.arn()),
                resource: resource(cx.s3_path()),
            },
        );
        let function = execution.as_ref().map(|execution| &execution.function);
        let fault = core.faults.on_call("s3", name, function);
        *track.lock() = Some(Seen {
            entry,
            fault,
            execution,
        });
        match fault {
            Some(CallFault::Unavailable | CallFault::Silent | CallFault::KillBefore) => {
                return Err(Failure::SlowDown);
            }
            None | Some(CallFault::KillAfter) => {}
        }
        let identity = identity.ok_or_else(Failure::access_denied)?;
        let unique_id = core.iam.unique_id(&identity.principal);
        Ok(Caller {
            // A session may outlive its role, which it has no permissions from then.
            unique_id: unique_id.unwrap_or_else(|| identity.access_key_id.clone()),
            identity,
            entry,
            pending: track.context.pending.clone(),
            request_id: track.context.request_id.clone(),
            host_id: track.host_id.clone(),
            // Only known to the operation's request; see `Caller::of`.
            region: None,
        })
    }

    /// Whether the operation is supported as it was asked for, and allowed.
    fn allow(
        &self,
        caller: &Caller,
        track: &Track,
        cx: &S3AccessContext<'_>,
    ) -> Result<(), Failure> {
        let name = cx.s3_op().name();
        let operation = operations::find(name).ok_or_else(|| Failure::unsupported(name))?;
        refuse_unsupported(cx.headers())?;
        let (bucket, key) = match cx.s3_path() {
            S3Path::Root => return self.allow_account(caller, operation),
            S3Path::Bucket { bucket } => (&**bucket, None),
            S3Path::Object { bucket, key } => (&**bucket, Some(&**key)),
        };
        if name == "CreateBucket" {
            let arn = self.0.arn(bucket, None)?;
            return self.0.decide(caller, "s3:CreateBucket", &arn, &[], None);
        }
        // Where a bucket is, can be asked anywhere.
        if name != "GetBucketLocation" {
            self.check_region(track, bucket)?;
        }
        self.check_owner(bucket, cx.headers())?;
        if let Some(action) = operation.action {
            let key = key.filter(|_| operation.on == Subject::Object);
            let mut context = conditions(cx.headers(), cx.uri(), operation.on);
            let version = query(cx.uri(), "versionId").filter(|_| key.is_some());
            let (action, version) = operations::on_version(action, version.as_deref());
            context.extend(version);
            self.0.authorize(caller, action, bucket, key, &context)?;
        }
        self.allow_extras(caller, operation, bucket, key, cx.headers())
    }

    fn allow_account(&self, caller: &Caller, operation: &Operation) -> Result<(), Failure> {
        match operation.action {
            Some(action) => self.0.decide(caller, action, "*", &[], None),
            None => Ok(()),
        }
    }

    /// The further permissions that some headers ask for.
    fn allow_extras(
        &self,
        caller: &Caller,
        operation: &Operation,
        bucket: &str,
        key: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<(), Failure> {
        let writes = matches!(
            operation.name,
            "PutObject" | "DeleteObject" | "CompleteMultipartUpload" | "CopyObject"
        );
        // Comparing an ETag tells something about the object, so it takes reading it. See
        // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html>.
        if writes && text(headers, "if-match").is_some_and(|etag| etag != "*") {
            self.0.authorize(caller, "s3:GetObject", bucket, key, &[])?;
        }
        if operation.action == Some("s3:PutObject") && headers.contains_key("x-amz-tagging") {
            self.0
                .authorize(caller, "s3:PutObjectTagging", bucket, key, &[])?;
        }
        Ok(())
    }

    /// Sends a request for a bucket of another region there, as the endpoints of AWS do; that of
    /// `us-east-1` finds fault with the signature instead.
    fn check_region(&self, track: &Track, bucket: &str) -> Result<(), Failure> {
        let region = self
            .0
            .store
            .bucket(bucket, |bucket| bucket.region.clone())?;
        match track.region.as_deref() {
            None => Ok(()),
            Some(signed) if region == *signed => Ok(()),
            Some(signed) => {
                let detail = |name: &str, value: String| (name.to_owned(), value);
                if signed == US_EAST_1 {
                    track.explain(vec![detail("Region", region.to_string())]);
                    let signed = signed.to_owned();
                    return Err(Failure::WrongRegion { signed, region });
                }
                let endpoint = format!("{bucket}.s3.{region}.amazonaws.com");
                track.explain(vec![
                    detail("Endpoint", endpoint),
                    detail("Bucket", bucket.to_owned()),
                ]);
                Err(Failure::PermanentRedirect { region })
            }
        }
    }

    /// `x-amz-expected-bucket-owner`.
    fn check_owner(&self, bucket: &str, headers: &HeaderMap) -> Result<(), Failure> {
        let Some(expected) = text(headers, "x-amz-expected-bucket-owner") else {
            return Ok(());
        };
        let owner = self.0.store.bucket(bucket, |bucket| bucket.owner.clone())?;
        if owner.as_str() == expected {
            Ok(())
        } else {
            Err(Failure::access_denied())
        }
    }
}

/// Refuses what would be ignored otherwise.
fn refuse_unsupported(headers: &HeaderMap) -> Result<(), Failure> {
    if let Some(name) = REFUSED_HEADERS
        .iter()
        .find(|name| headers.contains_key(**name))
    {
        return Err(Failure::unsupported(format!("the header {name}")));
    }
    if ACL_HEADERS.iter().any(|name| headers.contains_key(*name)) {
        return Err(Failure::AclNotSupported);
    }
    match text(headers, "x-amz-acl") {
        None | Some("private" | "bucket-owner-full-control") => {}
        Some(_) => return Err(Failure::AclNotSupported),
    }
    match text(headers, "x-amz-server-side-encryption") {
        None | Some("AES256") => {}
        Some(other) => return Err(Failure::unsupported(format!("encryption with {other}"))),
    }
    match text(headers, "x-amz-storage-class") {
        None | Some("STANDARD") => Ok(()),
        Some(other) => Err(Failure::unsupported(format!("the storage class {other}"))),
    }
}

/// What a request says that policies may have conditions on.
fn conditions(headers: &HeaderMap, uri: &Uri, on: Subject) -> Vec<(&'static str, String)> {
    let mut context: Vec<(&'static str, String)> = HEADER_CONDITIONS
        .iter()
        .filter_map(|(header, name)| Some((*name, text(headers, header)?.to_owned())))
        .collect();
    if on == Subject::Bucket {
        context.extend(
            QUERY_CONDITIONS
                .iter()
                .filter_map(|(parameter, name)| Some((*name, query(uri, parameter)?))),
        );
    }
    // Only the fourth version of signatures gets this far.
    context.push(("s3:signatureversion", "AWS4-HMAC-SHA256".to_owned()));
    let is_presigned = query(uri, "X-Amz-Signature").is_some();
    let auth_type = if is_presigned {
        "REST-QUERY-STRING"
    } else {
        "REST-HEADER"
    };
    context.push(("s3:authType", auth_type.to_owned()));
    context
}

/// A query parameter, decoded.
fn query(uri: &Uri, name: &str) -> Option<String> {
    url::form_urlencoded::parse(uri.query()?.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// `bucket/key`, for the journal.
fn resource(path: &S3Path) -> Option<String> {
    match path {
        S3Path::Root => None,
        S3Path::Bucket { bucket } => Some(bucket.to_string()),
        S3Path::Object { bucket, key } => Some(format!("{bucket}/{key}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::net::{Ipv4Addr, SocketAddr};
    use std::path::PathBuf;

    use http::HeaderValue;
    use time::Duration;
    use tokio_util::sync::CancellationToken;
    use tokio_util::task::TaskTracker;
    use zipster_names::RoleName;

    use crate::clock::SystemClock;
    use crate::courier::{Destinations, Post};
    use crate::fault::Faults;
    use crate::iam::Directory;
    use crate::identity::{CredentialStore, Credentials, Principal};
    use crate::journal::Journal;
    use crate::random::Random;

    /// A gate of a core that listens nowhere.
    fn gate() -> Gate {
        let clock = Arc::new(SystemClock::real_time());
        let core = Core {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            journal: Journal::new(clock.clone()),
            clock,
            random: Random::new(0),
            faults: Faults::default(),
            credentials: CredentialStore::default(),
            iam: Directory::default(),
            logs: crate::logs::LogGroups::default(),
            post: Post::new().0,
            destinations: Destinations::default(),
            trust: crate::courier::Trust::default(),
            means: crate::lambda::Means::default(),
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            directory: PathBuf::new(),
            limits: crate::front::Limits::default(),
        };
        Gate(Arc::new(Shared {
            core: Arc::new(core),
            store: Store::default(),
        }))
    }

    fn session(gate: &Gate, lasting: Duration) -> Credentials {
        let core = &gate.0.core;
        let principal = Principal::AssumedRole {
            account: core.account.clone(),
            role: RoleName::parse("load").unwrap(),
            session: "load".to_owned(),
        };
        let end = core.clock.now() + lasting;
        core.credentials
            .issue_session(&core.random, principal, None, end)
    }

    #[track_caller]
    fn check(gate: &Gate, key: &Credentials, token: Option<&str>, expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            let token = HeaderValue::from_str(token).unwrap();
            headers.insert("x-amz-security-token", token);
        }
        let uri = Uri::from_static("/");
        let refusal = gate.identify(&key.access_key_id, &headers, &uri).err();
        assert_eq!(
            refusal.map(|refusal| refusal.to_string()).as_deref(),
            expected
        );
    }

    #[test]
    fn a_session_needs_its_token_and_ends() {
        let gate = gate();
        let key = session(&gate, Duration::HOUR);
        let other = session(&gate, Duration::HOUR);
        let over = session(&gate, Duration::ZERO);
        let invalid = Some("The provided token is malformed or otherwise invalid.");
        let unknown = Some("The AWS Access Key Id you provided does not exist in our records.");
        check(&gate, &key, key.session_token.as_deref(), None);
        check(&gate, &key, other.session_token.as_deref(), invalid);
        check(&gate, &key, None, unknown);
        let expired = Some("The provided token has expired.");
        check(&gate, &over, over.session_token.as_deref(), expired);
    }

    /// In a presigned URL the token is a parameter.
    #[test]
    fn a_token_may_come_in_the_query() {
        let gate = gate();
        let key = session(&gate, Duration::HOUR);
        let token = key.session_token.clone().unwrap_or_default();
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("X-Amz-Security-Token", &token)
            .finish();
        let uri: Uri = format!("/bucket/key?{query}").parse().unwrap();
        let identity = gate.identify(&key.access_key_id, &HeaderMap::new(), &uri);
        assert!(identity.is_ok());
    }
}
