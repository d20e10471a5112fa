//! The one listener: connections in, each request authenticated, routed to its service by the
//! scope of its signature (as AWS does), written into the journal, and answered in the service's
//! own protocol.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use s3s::Body;
use zipster_names::Region;

use crate::core::Core;
use crate::emulator::Services;
use crate::fault::CallFault;
use crate::identity::{Identity, Sender};
use crate::journal::{EntryId, Event, Pending};
use crate::sqs;

pub(crate) mod body;
pub(crate) mod canonical;
pub(crate) mod connection;
mod error;
pub(crate) mod event_stream;
pub(crate) mod json;
pub(crate) mod limits;
pub mod query;
mod sigv4;
mod xml;

pub use body::{BodyError, RequestBody};
pub use error::ApiError;
pub use limits::Limits;
pub use sigv4::Scope;
pub(crate) use sigv4::{field, parse_date};
pub use xml::Xml;

/// A response of any service.
pub type Answer = http::Response<Body>;

/// A request of any service, its body still on the wire.
pub type Request = http::Request<RequestBody>;

/// The services that the emulator speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServiceName {
    /// Simple Storage Service.
    S3,
    /// Simple Notification Service.
    Sns,
    /// Simple Queue Service.
    Sqs,
    /// Lambda.
    Lambda,
    /// Identity and Access Management.
    Iam,
    /// Security Token Service.
    Sts,
    /// CloudWatch Logs.
    Logs,
    /// Secrets Manager.
    SecretsManager,
}

/// How a service's requests and errors look on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Forms in, XML out.
    Query,
    /// JSON with the operation in `X-Amz-Target`.
    Json10,
    /// The same in its version 1.1, which differs in the content type.
    Json11,
    /// JSON with the operation in method and path.
    RestJson,
    /// S3's own.
    RestXml,
}

impl ServiceName {
    /// The service of a signing name.
    #[must_use]
    pub fn from_signing_name(name: &str) -> Option<Self> {
        match name {
            "s3" => Some(Self::S3),
            "sns" => Some(Self::Sns),
            "sqs" => Some(Self::Sqs),
            "lambda" => Some(Self::Lambda),
            "iam" => Some(Self::Iam),
            "sts" => Some(Self::Sts),
            "logs" => Some(Self::Logs),
            "secretsmanager" => Some(Self::SecretsManager),
            _ => None,
        }
    }

    /// The signing name, also the prefix of the service's IAM actions.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Sns => "sns",
            Self::Sqs => "sqs",
            Self::Lambda => "lambda",
            Self::Iam => "iam",
            Self::Sts => "sts",
            Self::Logs => "logs",
            Self::SecretsManager => "secretsmanager",
        }
    }

    /// How its requests look.
    #[must_use]
    pub fn protocol(self) -> Protocol {
        match self {
            Self::S3 => Protocol::RestXml,
            Self::Sns | Self::Iam | Self::Sts => Protocol::Query,
            Self::Sqs => Protocol::Json10,
            Self::Logs | Self::SecretsManager => Protocol::Json11,
            Self::Lambda => Protocol::RestJson,
        }
    }

    /// The XML namespace of its answers; empty for services that speak JSON only.
    #[must_use]
    pub fn namespace(self) -> &'static str {
        match self {
            Self::S3 => "http://s3.amazonaws.com/doc/2006-03-01/",
            Self::Sns => "http://sns.amazonaws.com/doc/2010-03-31/",
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Self::Sqs => "http://queue.amazonaws.com/doc/2012-11-05/",
            Self::Lambda | Self::Logs | Self::SecretsManager => "",
        }
    }

    /// What stands before the operation in `X-Amz-Target`; `None` for services that name their
    /// operations elsewhere.
    #[must_use]
    pub fn target_prefix(self) -> Option<&'static str> {
        match self {
            Self::Sqs => Some("AmazonSQS"),
            Self::Logs => Some("Logs_20140328"),
            Self::SecretsManager => Some("secretsmanager"),
            Self::S3 | Self::Sns | Self::Iam | Self::Sts | Self::Lambda => None,
        }
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An authenticated call of a service other than S3, with its whole body.
#[derive(Debug)]
pub struct Call {
    /// Who calls.
    pub identity: Identity,
    /// The region that the request was signed for.
    pub region: Region,
    /// The operation's API name.
    pub operation: String,
    /// The identifier that the client sees.
    pub request_id: String,
    /// The call's journal entry: the cause of what it does.
    pub entry: EntryId,
    /// Held until the answer is sent; clone it for what the call leaves behind.
    pub pending: Pending,
    /// HTTP method.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// HTTP headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// What a request to S3 carries as an extension, since S3's own front (`s3s`) authenticates it
/// and finds its operation. See `s3::access`.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// The identifier that the client sees.
    pub request_id: String,
    /// Held until the answer is sent.
    pub pending: Pending,
}

/// Answers one request, also if that goes wrong in a way that nobody thought of.
async fn respond(core: &Arc<Core>, services: &Arc<Services>, request: Request) -> Answer {
    let request_id = core.random.uuid();
    let (parts, body) = request.into_parts();
    let scope = Scope::of(&parts);
    let service = match &scope {
        Some(scope) => match ServiceName::from_signing_name(&scope.service) {
            Some(service) => service,
            None => return unknown_service(&scope.service, &request_id),
        },
        None => ServiceName::S3,
    };
    // What follows a body whose length its head does not say is not taken for a request: whether
    // sender and receiver agree on where the body ends is what request smuggling plays with.
    let is_last = parts.headers.contains_key(header::TRANSFER_ENCODING);
    // Whoever asks before sending a body does not send it once it is refused, so what comes
    // next on this connection could be either.
    let waits = parts.headers.contains_key(header::EXPECT);
    let stalled = body.stalled();
    let work = answer(core, services, parts, body, (service, scope), &request_id);
    let mut answer = match AssertUnwindSafe(work).catch_unwind().await {
        Ok(answer) => answer,
        // Whoever holds a lock does not leave half of a change behind: see the services' states.
        Err(_) => {
            tracing::error!(%service, request_id, "a request was too much for the emulator");
            ApiError::internal("an error of the emulator's own; its log says more")
                .render(service, &request_id)
        }
    };
    if is_last || stalled.get() || (waits && !answer.status().is_success()) {
        let headers = answer.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// Answers one request.
async fn answer(
    core: &Arc<Core>,
    services: &Arc<Services>,
    parts: Parts,
    body: RequestBody,
    (service, scope): (ServiceName, Option<Scope>),
    request_id: &str,
) -> Answer {
    let pending = core.journal.pending();
    let request_id = request_id.to_owned();
    match (service, scope) {
        // Browsers follow links to SNS unsigned; anything else unsigned is an anonymous S3 call.
        (_, None) if services.sns.is_public_link(&parts.uri) => {
            services.sns.follow_link(&parts.uri, &request_id)
        }
        (_, None) if services.sns.is_certificate(&parts.uri) => services.sns.certificate(),
        (_, None) if services.sns.is_inbox(&parts.uri) => {
            services.sns.read_inbox(&parts.uri, &parts.headers)
        }
        (ServiceName::S3, _) | (_, None) => {
            let context = CallContext {
                request_id,
                pending,
            };
            services.s3.respond(parts, body, context).await
        }
        (service, Some(scope)) => {
            let call = Pre {
                service,
                scope,
                request_id,
                pending,
            };
            call.respond(core, services, &parts, body).await
        }
    }
}

/// A call before it is known who makes it.
struct Pre {
    service: ServiceName,
    scope: Scope,
    request_id: String,
    pending: Pending,
}

impl Pre {
    async fn respond(
        self,
        core: &Arc<Core>,
        services: &Arc<Services>,
        parts: &Parts,
        body: RequestBody,
    ) -> Answer {
        let (service, request_id) = (self.service, self.request_id.clone());
        match self.dispatch(core, services, parts, body).await {
            Ok(answer) => answer,
            Err(error) if is_older_sqs(service, parts) => error.render_query(service, &request_id),
            Err(error) => error.render(service, &request_id),
        }
    }

    async fn dispatch(
        self,
        core: &Arc<Core>,
        services: &Arc<Services>,
        parts: &Parts,
        body: RequestBody,
    ) -> Result<Answer, ApiError> {
        let body = body::read(body, self.service).await?;
        let is_older_sqs = is_older_sqs(self.service, parts);
        let protocol = if is_older_sqs {
            Protocol::Query
        } else {
            self.service.protocol()
        };
        let mut identity = sigv4::verify(
            parts,
            &body,
            &self.scope,
            protocol,
            &core.credentials,
            core.clock.now(),
        )?;
        identity.sender = Sender::of(&parts.headers);
        let region = Region::parse(&self.scope.region).map_err(|error| {
            ApiError::bad_request("InvalidSignatureException", error.to_string())
        })?;
        let (operation, body) = if is_older_sqs {
            sqs::query::read(parts, &body)?
        } else {
            (operation(self.service, parts, &body)?, body)
        };
        let execution = identity.execution.clone();
        let cause = execution.as_ref().and_then(|execution| execution.cause());
        let entry = core.journal.record(
            cause,
            Event::ApiCall {
                service: self.service.as_str(),
                operation: operation.clone(),
                caller: identity.principal.arn(),
                resource: None,
            },
        );
        let function = execution.as_ref().map(|execution| &execution.function);
        let fault = core
            .faults
            .on_call(self.service.as_str(), &operation, function);
        let request_id = self.request_id.clone();
        let call = Call {
            identity,
            region,
            operation,
            request_id: self.request_id,
            entry,
            pending: self.pending,
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
            body,
        };
        let result = strike(core, entry, fault, execution.as_deref(), async {
            match self.service {
                ServiceName::Sns => services.sns.handle(&call),
                ServiceName::Sqs => match services.sqs.handle(&call).await {
                    Ok(answer) if is_older_sqs => {
                        sqs::query::write(&call.operation, &call.request_id, answer).await
                    }
                    result => result,
                },
                ServiceName::Lambda => services.lambda.handle(&call).await,
                ServiceName::Iam | ServiceName::Sts => services.iam.handle(self.service, &call),
                ServiceName::Logs => services.logs.handle(&call),
                ServiceName::SecretsManager => services.secrets.handle(&call),
                ServiceName::S3 => Err(ApiError::internal("S3 has a front of its own")),
            }
        })
        .await;
        let (status, error) = match &result {
            Ok(answer) => (answer.status().as_u16(), None),
            Err(error) => (error.status.as_u16(), Some(error.code.to_owned())),
        };
        core.journal.record(
            Some(entry),
            Event::ApiAnswer {
                status,
                error,
                request_id,
            },
        );
        result
    }
}

/// Carries out `work`, unless the fault plan has something else in mind.
async fn strike(
    core: &Core,
    entry: EntryId,
    fault: Option<CallFault>,
    execution: Option<&crate::identity::Execution>,
    work: impl Future<Output = Result<Answer, ApiError>>,
) -> Result<Answer, ApiError> {
    let note = |fault: CallFault| {
        let description = fault.description().to_owned();
        core.journal
            .record(Some(entry), Event::Fault { description });
    };
    let kill = || {
        if let Some(execution) = execution {
            execution.kill.cancel();
        }
    };
    // Who gets no answer gives up or is dead: the connection ends, and this with it.
    let no_answer = || async {
        core.shutdown.cancelled().await;
        Err(ApiError::internal("the emulator is stopping"))
    };
    match fault {
        None => work.await,
        Some(CallFault::Unavailable) => {
            note(CallFault::Unavailable);
            Err(ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "ServiceUnavailable",
                "The request has failed due to a temporary failure of the server.",
            ))
        }
        Some(CallFault::Silent) => {
            note(CallFault::Silent);
            no_answer().await
        }
        Some(CallFault::KillBefore) => {
            note(CallFault::KillBefore);
            kill();
            no_answer().await
        }
        Some(CallFault::KillAfter) => {
            let _ = work.await;
            note(CallFault::KillAfter);
            kill();
            no_answer().await
        }
    }
}

/// Whether a request speaks the protocol that SQS had before JSON.
fn is_older_sqs(service: ServiceName, parts: &Parts) -> bool {
    service == ServiceName::Sqs && sqs::query::speaks_it(parts)
}

/// The operation that a request names.
fn operation(service: ServiceName, parts: &Parts, body: &[u8]) -> Result<String, ApiError> {
    let name = match service.protocol() {
        Protocol::Query => query::Params::parse(parts.uri.query(), body)
            .get("Action")
            .map(str::to_owned),
        Protocol::Json10 | Protocol::Json11 => return json::operation(service, &parts.headers),
        Protocol::RestJson => {
            crate::lambda::operation(&parts.method, parts.uri.path()).map(str::to_owned)
        }
        Protocol::RestXml => None,
    };
    name.ok_or_else(|| {
        ApiError::unsupported(
            service,
            &format!("the request {} {}", parts.method, parts.uri.path()),
        )
    })
}

fn unknown_service(name: &str, request_id: &str) -> Answer {
    ApiError::new(
        StatusCode::NOT_IMPLEMENTED,
        "NotImplemented",
        format!("the service {name} is not supported by this emulator"),
    )
    .render(ServiceName::Lambda, request_id)
}
