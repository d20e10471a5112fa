//! Who calls, whether they may, and the call's entry in the journal: what happens between a
//! verified signature and the operation.

use std::sync::Arc;

use async_trait::async_trait;
use http::{Extensions, HeaderMap, Uri};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::{CreateBucketInput, PutObjectTaggingInput};
use s3s::path::S3Path;
use s3s::{S3Request, S3Result};
use zipster_names::{Arn, BucketName, ObjectKey};

use super::bucket::US_EAST_1;
use super::circumstances::{
    self, Context, borrowed, conditions, query, request_tags, tags_in_header,
};
use super::error::Failure;
use super::operations::{self, Operation, Subject};
use super::receive::text;
use super::refused::refuse_unsupported;
use super::signature::PresignedAt;
use super::store::Store;
use super::track::{Caller, Seen, Track};
use super::versions::VersionId;
use crate::core::Core;
use crate::fault::CallFault;
use crate::iam::Authorization;
use crate::identity::{Identity, Sender};
use crate::journal::Event;

/// The operations that are decided once their body is read, since policies may have conditions on
/// what it says.
const DECIDED_BY_BODY: [&str; 2] = ["CreateBucket", "PutObjectTagging"];

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
        let existing = self.existing_tags(action, bucket, key, context)?;
        let mut context = context.to_vec();
        context.extend(borrowed(&existing));
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

    /// The tags of the object, or of the version that the circumstances name, if they have a say
    /// in the action.
    fn existing_tags(
        &self,
        action: &str,
        bucket: &str,
        key: Option<&str>,
        context: &[(&str, String)],
    ) -> Result<Context, Failure> {
        let Some(key) = key.filter(|_| circumstances::reads_existing_tags(action)) else {
            return Ok(Context::new());
        };
        let version = context.iter().find(|(key, _)| *key == "s3:VersionId");
        let version = version.map(|(_, id)| VersionId::parse(id)).transpose();
        // No version is named so, which is for the operation to say.
        let Ok(version) = version else {
            return Ok(Context::new());
        };
        self.store
            .bucket(bucket, |bucket| {
                let object = bucket.version(key, version.as_ref())?.object()?;
                Some(circumstances::existing_tags(&object.tags))
            })
            .map(Option::unwrap_or_default)
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

/// When the address of a request was presigned, if it was.
fn presigned(extensions: &Extensions) -> Option<PresignedAt> {
    let track: Option<&Arc<Track>> = extensions.get();
    track.and_then(|track| track.presigned)
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

    async fn create_bucket(&self, request: &mut S3Request<CreateBucketInput>) -> S3Result<()> {
        let caller: Caller = request.extensions.get().cloned().ok_or(Failure::Internal)?;
        let now = self.0.core.clock.now();
        let presigned = presigned(&request.extensions);
        let mut context = conditions(
            &request.headers,
            &request.uri,
            Subject::Bucket,
            presigned,
            now,
        );
        if let Some(ownership) = text(&request.headers, "x-amz-object-ownership") {
            context.push(("s3:x-amz-object-ownership".into(), ownership.to_owned()));
        }
        let configuration = request.input.create_bucket_configuration.as_ref();
        if let Some(place) = configuration.and_then(|asked| asked.location_constraint.as_ref()) {
            context.push(("s3:LocationConstraint".into(), place.as_str().to_owned()));
        }
        let arn = self.0.arn(&request.input.bucket, None)?;
        let action = "s3:CreateBucket";
        Ok(self
            .0
            .decide(&caller, action, &arn, &borrowed(&context), None)?)
    }

    async fn put_object_tagging(
        &self,
        request: &mut S3Request<PutObjectTaggingInput>,
    ) -> S3Result<()> {
        let caller: Caller = request.extensions.get().cloned().ok_or(Failure::Internal)?;
        let input = &request.input;
        let version = input.version_id.as_deref();
        let (action, version) = operations::on_version("s3:PutObjectTagging", version);
        let now = self.0.core.clock.now();
        let presigned = presigned(&request.extensions);
        let mut context = conditions(
            &request.headers,
            &request.uri,
            Subject::Object,
            presigned,
            now,
        );
        context.extend(version.map(|(key, id)| (key.into(), id)));
        let tags = input.tagging.tag_set.iter();
        context.extend(request_tags(tags.map(|tag| {
            let part = |part: &Option<String>| part.clone().unwrap_or_default();
            (part(&tag.key), part(&tag.value))
        })));
        let (bucket, key) = (&input.bucket, Some(input.key.as_str()));
        Ok(self
            .0
            .authorize(&caller, action, bucket, key, &borrowed(&context))?)
    }
}

impl Gate {
    /// The owner of the key, if the session token that belongs to it came along.
    fn identify(&self, key: &str, headers: &HeaderMap, uri: &Uri) -> Result<Identity, Failure> {
        let core = &self.0.core;
        let (credentials, mut identity) = core.credentials.find(key).ok_or(Failure::UnknownKey)?;
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
        identity.sender = Sender::of(headers);
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
        track.see(Seen {
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
            // There is nothing yet that it could be compared with.
            return Ok(());
        }
        // Where a bucket is, can be asked anywhere.
        if name != "GetBucketLocation" {
            self.check_region(track, bucket)?;
        }
        self.check_owner(bucket, cx.headers())?;
        if let Some(action) = operation.action
            && !DECIDED_BY_BODY.contains(&name)
        {
            let key = key.filter(|_| operation.on == Subject::Object);
            let now = self.0.core.clock.now();
            let mut context =
                conditions(cx.headers(), cx.uri(), operation.on, track.presigned, now);
            let version = query(cx.uri(), "versionId").filter(|_| key.is_some());
            let (action, version) = operations::on_version(action, version.as_deref());
            context.extend(version.map(|(key, id)| (key.into(), id)));
            if action == "s3:PutObject" {
                context.extend(tags_in_header(cx.headers()));
            }
            self.0
                .authorize(caller, action, bucket, key, &borrowed(&context))?;
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
            let tags = tags_in_header(headers);
            let action = "s3:PutObjectTagging";
            self.0
                .authorize(caller, action, bucket, key, &borrowed(&tags))?;
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

    use http::HeaderValue;
    use time::Duration;
    use zipster_names::RoleName;

    use crate::identity::{Credentials, Principal};

    /// A gate of a core that listens nowhere.
    fn gate() -> Gate {
        Gate(Arc::new(Shared {
            core: Arc::new(Core::idle()),
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
        let now = core.clock.now();
        core.credentials
            .issue_session(&core.random, principal, None, (now, now + lasting))
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
