//! Simple Storage Service, on the protocol of the `s3s` crate over a store of our own.
//!
//! A request passes `signature` (is it what its sender signed), `access` (who calls, may they, the
//! journal), `api` (which function is it), one of the operations and `answer` (what every answer
//! carries); `track` is what is known of it on the way.
//!
//! | module | idea |
//! |---|---|
//! | `operations` | what is supported, and the permission for it |
//! | `bucket`, `settings` | buckets, and what can be set for them |
//! | `object`, `copy`, `delete`, `tags` | objects |
//! | `versions` | what a key was before, and whether that is kept |
//! | `multipart`, `list_uploads` | uploads in parts |
//! | `lend` | objects for other services |
//! | `list`, `list_versions` | listing objects and their versions |
//! | `notification`, `event` | who is told about a change, and what |
//! | `store` | buckets and objects, under one lock |
//! | `content`, `receive`, `checksum`, `chunks` | bytes: kept, on their way in, verified, in chunks |
//! | `signature` | who has signed, and when |
//! | `circumstances`, `refused` | what policies may ask of a request; headers that are not supported |
//! | `conditions`, `host`, `error` | preconditions; buckets in host names; AWS's errors |
//!
//! Left out: access control lists, server-side encryption with keys other than S3's
//! own, object lock, website hosting, replication, EventBridge. What is left out is refused by
//! name.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use s3s::Body;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};

use self::chunks::ChunkedBody;
use crate::core::Core;
use crate::fault::CallFault;
use crate::front::{Answer, ApiError, CallContext, RequestBody, Scope, ServiceName};
use crate::journal::Event;

mod access;
mod answer;
mod api;
mod bucket;
mod checksum;
mod chunks;
mod circumstances;
mod conditions;
mod content;
mod copy;
mod delete;
mod error;
mod event;
mod host;
mod lend;
mod list;
mod list_uploads;
mod list_versions;
mod multipart;
mod notification;
mod object;
mod operations;
mod receive;
mod refused;
mod settings;
mod signature;
mod store;
mod tags;
mod track;
mod versions;

pub use operations::{OPERATIONS, Operation, Subject};

use access::{Gate, Shared};
use api::Operations;
use signature::Refusal;
use store::Store;
use track::{Seen, Track};

/// The service.
pub struct S3 {
    shared: Arc<Shared>,
    service: S3Service,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3")
            .field("store", &self.shared.store)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// Where large bodies are kept.
    fn spool(&self) -> PathBuf {
        self.core.directory.join("objects")
    }
}

impl S3 {
    /// No buckets yet.
    #[must_use]
    pub fn new(core: Arc<Core>) -> Self {
        let shared = Arc::new(Shared {
            core,
            store: Store::default(),
        });
        let mut builder = S3ServiceBuilder::new(Operations(Arc::clone(&shared)));
        builder.set_auth(Gate(Arc::clone(&shared)));
        builder.set_access(Gate(Arc::clone(&shared)));
        builder.set_host(host::LocalHost);
        // Times are checked in `signature`, with the emulator's own clock.
        let mut config = S3Config::default();
        config.presigned_url_max_skew_time_secs = u32::MAX;
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        let service = builder.build();
        Self { shared, service }
    }

    /// Answers one request.
    pub async fn respond(
        &self,
        mut parts: Parts,
        body: RequestBody,
        context: CallContext,
    ) -> Answer {
        let core = &self.shared.core;
        let host_id = STANDARD.encode(core.random.bytes::<48>());
        let region = Scope::of(&parts).map(|scope| scope.region);
        let about = answer::About {
            method: parts.method.clone(),
            path: percent_encoding::percent_decode_str(parts.uri.path())
                .decode_utf8_lossy()
                .into_owned(),
        };
        let stalled = body.stalled();
        join_repeated(&mut parts.headers);
        let verified = signature::verify(&mut parts, &core.credentials, core.clock.now());
        let presigned = verified.as_ref().ok().copied().flatten();
        let track = Arc::new(Track::new(context, host_id, region, presigned));
        if let Err(refusal) = verified {
            return answer::turn_away(refusal, &about, &track);
        }
        let body = ChunkedBody::new(body, &parts.headers);
        let bad_chunk = body.found();
        let mut request = http::Request::from_parts(parts, Body::http_body(body));
        request.extensions_mut().insert(Arc::clone(&track));
        let answer = match self.service.call(request).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(?error, "s3 cannot write an answer");
                ApiError::internal("the answer cannot be written")
                    .render(ServiceName::S3, &track.context.request_id)
            }
        };
        let refusal = match bad_chunk.get() {
            Some(bad) => Some(Refusal::bad_chunk(*bad)),
            None => stalled.get().then(Refusal::stalled),
        };
        let (answer, error) = match refusal {
            // Whatever was made of half a body.
            Some(refusal) => {
                let code = refusal.code.to_owned();
                (answer::turn_away(refusal, &about, &track), Some(code))
            }
            None => answer::dress(answer, &about, &track).await,
        };
        let answer = answer::name_buckets(answer, &about, core.region.partition()).await;
        match track.seen() {
            Some(seen) if seen.fault == Some(CallFault::Silent) => {
                self.note(CallFault::Silent, &seen);
                // The caller gives up, its connection ends, and this with it.
                core.shutdown.cancelled().await;
                answer
            }
            Some(seen) => self.finish(answer, error, &track, &seen),
            // Turned away before anybody knew who called for what.
            None => answer,
        }
    }

    fn note(&self, fault: CallFault, seen: &Seen) {
        let description = fault.description().to_owned();
        self.shared
            .core
            .journal
            .record(Some(seen.entry), Event::Fault { description });
    }

    /// Lets the fault plan have its way after the operation, and writes down how the call ended.
    fn finish(&self, answer: Answer, error: Option<String>, track: &Track, seen: &Seen) -> Answer {
        let journal = &self.shared.core.journal;
        let (answer, error) = match seen.fault {
            None => (answer, error),
            Some(fault) => {
                self.note(fault, seen);
                let kills = matches!(fault, CallFault::KillBefore | CallFault::KillAfter);
                if let Some(execution) = seen.execution.as_ref().filter(|_| kills) {
                    execution.kill.cancel();
                }
                match fault {
                    CallFault::Unavailable | CallFault::Silent | CallFault::KillBefore => {
                        (answer, error)
                    }
                    CallFault::KillAfter => {
                        let error = ApiError::new(
                            http::StatusCode::SERVICE_UNAVAILABLE,
                            "ServiceUnavailable",
                            "",
                        );
                        let answer = error.render(ServiceName::S3, &track.context.request_id);
                        (answer, Some(error.code.to_owned()))
                    }
                }
            }
        };
        journal.record(
            Some(seen.entry),
            Event::ApiAnswer {
                status: answer.status().as_u16(),
                error,
                request_id: track.context.request_id.clone(),
            },
        );
        answer
    }
}

/// Clients that send an encoded body in chunks send `Content-Encoding` twice, which `s3s` refuses.
/// Joined by a comma the header means the same, also to the signature.
fn join_repeated(headers: &mut HeaderMap) {
    let values: Vec<&[u8]> = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if values.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&values.join(&b","[..]))
    {
        headers.insert(header::CONTENT_ENCODING, joined);
    }
}
