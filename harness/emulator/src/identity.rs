//! Who calls: access keys, the principals they belong to, and the function process behind them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, header};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use zipster_names::{AccountId, Arn, FunctionName, IamPath, RoleName, UserName};

use crate::journal::EntryId;
use crate::random::Random;

/// Crockford-free base 32, the alphabet of AWS's access key identifiers.
const KEY_ID_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A principal that makes calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The account's own administrator.
    Root {
        /// The account.
        account: AccountId,
    },
    /// An IAM user.
    User {
        /// The user's account.
        account: AccountId,
        /// The user's path.
        path: IamPath,
        /// The user.
        name: UserName,
    },
    /// A session of a role.
    AssumedRole {
        /// The role's account.
        account: AccountId,
        /// The role.
        role: RoleName,
        /// The session's name; for functions, the function's name.
        session: String,
    },
}

impl Principal {
    /// The principal's account.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        match self {
            Self::Root { account }
            | Self::User { account, .. }
            | Self::AssumedRole { account, .. } => account,
        }
    }

    /// The ARN that AWS shows in error messages and in `GetCallerIdentity`.
    #[must_use]
    pub fn arn(&self) -> String {
        match self {
            Self::Root { account } => format!("arn:aws:iam::{account}:root"),
            Self::User {
                account,
                path,
                name,
            } => format!("arn:aws:iam::{account}:user{path}{name}"),
            Self::AssumedRole {
                account,
                role,
                session,
            } => format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
        }
    }
}

/// The function process that holds a set of credentials.
///
/// Each execution environment has credentials of its own, so a call made with them can be traced
/// to the invocation that runs there, and a fault plan can kill exactly that process.
#[derive(Debug)]
pub struct Execution {
    /// The function.
    pub function: FunctionName,
    /// The function's ARN, without version.
    pub arn: String,
    /// Cancelled to have the process killed at once.
    pub kill: CancellationToken,
    cause: Mutex<Option<EntryId>>,
}

impl Execution {
    /// An environment that runs no invocation yet.
    #[must_use]
    pub fn new(function: FunctionName, arn: String) -> Self {
        Self {
            function,
            arn,
            kill: CancellationToken::new(),
            cause: Mutex::new(None),
        }
    }

    /// From now on, calls are effects of `cause` (the invocation that started), or of nothing.
    pub fn set_cause(&self, cause: Option<EntryId>) {
        *self.cause.lock().unwrap_or_else(PoisonError::into_inner) = cause;
    }

    /// The journal entry of the invocation that runs now.
    #[must_use]
    pub fn cause(&self) -> Option<EntryId> {
        *self.cause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Whose authority the call carries.
    pub principal: Principal,
    /// The key that signed it.
    pub access_key_id: String,
    /// The function process that made it, if it was one.
    pub execution: Option<Arc<Execution>>,
    /// When the session's credentials were issued, UTC; `None` for lasting keys.
    pub issued: Option<OffsetDateTime>,
    /// What the request says of its sender.
    pub sender: Sender,
}

/// What a request says of the program that sends it, which is not verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sender {
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// `Referer`.
    pub referer: Option<String>,
}

impl Sender {
    /// What the headers say.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let text = |name| Some(headers.get(name)?.to_str().ok()?.to_owned());
        Self {
            user_agent: text(header::USER_AGENT),
            referer: text(header::REFERER),
        }
    }
}

/// What a client needs to sign: printed only through [`Credentials::expose_secret`].
#[derive(Clone)]
pub struct Credentials {
    /// `AKIA...` for lasting keys, `ASIA...` for sessions.
    pub access_key_id: String,
    secret_access_key: String,
    /// Present for sessions only.
    pub session_token: Option<String>,
    /// When a session's credentials end, UTC.
    pub expires: Option<OffsetDateTime>,
}

impl Credentials {
    /// The secret access key, for signing or for handing to a function.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.secret_access_key
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .field("secret_access_key", &"***")
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// A key that was issued.
#[derive(Debug)]
struct Issued {
    credentials: Credentials,
    identity: Identity,
    /// Whether calls can be made with it.
    active: bool,
    created: OffsetDateTime,
}

/// A lasting key of a user, as IAM lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// `AKIA...`.
    pub id: String,
    /// Whether calls can be made with it.
    pub active: bool,
    /// When it was made, UTC.
    pub created: OffsetDateTime,
}

/// All access keys, of all accounts.
#[derive(Debug, Default)]
pub struct CredentialStore {
    keys: Mutex<HashMap<String, Issued>>,
}

impl CredentialStore {
    /// Makes a lasting key for an account's administrator.
    pub fn issue_root(&self, random: &Random, account: AccountId) -> Credentials {
        let credentials = lasting(random);
        self.keep(&credentials, Principal::Root { account }, None, None);
        credentials
    }

    /// Makes credentials for a session of a role, from `issued` until `expires`.
    pub fn issue_session(
        &self,
        random: &Random,
        principal: Principal,
        execution: Option<Arc<Execution>>,
        (issued, expires): (OffsetDateTime, OffsetDateTime),
    ) -> Credentials {
        let credentials = Credentials {
            access_key_id: format!("ASIA{}", random.text(KEY_ID_ALPHABET, 16)),
            secret_access_key: random.text(SECRET_ALPHABET, 40),
            session_token: Some(random.text(SECRET_ALPHABET, 200)),
            expires: Some(expires),
        };
        self.keep(&credentials, principal, execution, Some(issued));
        credentials
    }

    /// The key's credentials and owner, or `None` for a key that nobody has.
    #[must_use]
    pub fn find(&self, access_key_id: &str) -> Option<(Credentials, Identity)> {
        let keys = self.lock();
        let issued = keys.get(access_key_id).filter(|issued| issued.active)?;
        Some((issued.credentials.clone(), issued.identity.clone()))
    }

    /// Makes a lasting key for a user, unless there are as many as there may be.
    pub fn issue_key(
        &self,
        random: &Random,
        user: Principal,
        now: OffsetDateTime,
        most: usize,
    ) -> Option<Credentials> {
        let credentials = lasting(random);
        let mut keys = self.lock();
        if lasting_of(&keys, &user).count() >= most {
            return None;
        }
        let identity = identity(&credentials, user, None, None);
        let issued = Issued {
            credentials: credentials.clone(),
            identity,
            active: true,
            created: now,
        };
        keys.insert(credentials.access_key_id.clone(), issued);
        Some(credentials)
    }

    /// A user's lasting keys, the oldest first.
    #[must_use]
    pub fn keys_of(&self, user: &Principal) -> Vec<AccessKey> {
        let keys = self.lock();
        let mut found: Vec<AccessKey> = lasting_of(&keys, user)
            .map(|issued| AccessKey {
                id: issued.credentials.access_key_id.clone(),
                active: issued.active,
                created: issued.created,
            })
            .collect();
        found.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        found
    }

    /// Has calls with a user's lasting key succeed or fail; `false` if the user has no such key.
    pub fn set_active(&self, user: &Principal, access_key_id: &str, active: bool) -> bool {
        let mut keys = self.lock();
        match keys.get_mut(access_key_id) {
            Some(issued) if issued.is_lasting_of(user) => {
                issued.active = active;
                true
            }
            Some(_) | None => false,
        }
    }

    /// Forgets a user's lasting key; `false` if the user has no such key.
    pub fn delete_key(&self, user: &Principal, access_key_id: &str) -> bool {
        let mut keys = self.lock();
        let is_theirs = keys
            .get(access_key_id)
            .is_some_and(|issued| issued.is_lasting_of(user));
        is_theirs && keys.remove(access_key_id).is_some()
    }

    /// Forgets a key: calls signed with it fail from now on.
    pub fn revoke(&self, access_key_id: &str) {
        self.lock().remove(access_key_id);
    }

    /// Forgets all keys of a user, those of sessions included.
    pub fn revoke_all(&self, user: &Principal) {
        self.lock()
            .retain(|_, issued| issued.identity.principal != *user);
    }

    /// Forgets all keys of a role's sessions, and says which they were.
    pub fn revoke_sessions(&self, account: &AccountId, role: &RoleName) -> Vec<String> {
        let is_of_role = |identity: &Identity| match &identity.principal {
            Principal::Root { .. } | Principal::User { .. } => false,
            Principal::AssumedRole {
                account: of,
                role: named,
                ..
            } => of == account && named == role,
        };
        self.lock()
            .extract_if(|_, issued| is_of_role(&issued.identity))
            .map(|(id, _)| id)
            .collect()
    }

    fn keep(
        &self,
        credentials: &Credentials,
        principal: Principal,
        execution: Option<Arc<Execution>>,
        issued: Option<OffsetDateTime>,
    ) {
        let issued = Issued {
            credentials: credentials.clone(),
            identity: identity(credentials, principal, execution, issued),
            active: true,
            created: issued.unwrap_or(OffsetDateTime::UNIX_EPOCH),
        };
        self.lock()
            .insert(credentials.access_key_id.clone(), issued);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Issued>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Issued {
    fn is_lasting_of(&self, user: &Principal) -> bool {
        self.credentials.session_token.is_none() && self.identity.principal == *user
    }
}

fn lasting_of<'a>(
    keys: &'a HashMap<String, Issued>,
    user: &'a Principal,
) -> impl Iterator<Item = &'a Issued> {
    keys.values().filter(|issued| issued.is_lasting_of(user))
}

/// A key without an end.
fn lasting(random: &Random) -> Credentials {
    Credentials {
        access_key_id: format!("AKIA{}", random.text(KEY_ID_ALPHABET, 16)),
        secret_access_key: random.text(SECRET_ALPHABET, 40),
        session_token: None,
        expires: None,
    }
}

fn identity(
    credentials: &Credentials,
    principal: Principal,
    execution: Option<Arc<Execution>>,
    issued: Option<OffsetDateTime>,
) -> Identity {
    Identity {
        principal,
        access_key_id: credentials.access_key_id.clone(),
        execution,
        issued,
        sender: Sender::default(),
    }
}

/// The service that an event comes from, when a service and not a client acts: the principal
/// (`s3.amazonaws.com`) and, for `aws:SourceArn`, the resource on whose behalf.
#[derive(Debug, Clone)]
pub struct ServiceSource {
    /// Such as `s3.amazonaws.com`.
    pub service: &'static str,
    /// The bucket, topic, function or queue that the event comes from.
    pub arn: Arn,
    /// The account that owns it (`aws:SourceAccount`).
    pub account: AccountId,
}
