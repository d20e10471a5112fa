//! What another service writes with a role's authority: a function's log.
//!
//! The same as `CreateLogStream` and `PutLogEvents`, apart from the call: the service makes the
//! group if there is none, asks for its permissions when it opens a stream, and has its lines
//! written one by one.

use super::state::{Group, milliseconds};
use super::{Logs, stream_arn};
use crate::courier::{LogLine, LogStream, Refused};
use crate::iam::Authorization;
use crate::journal::EntryId;

impl Logs {
    /// Makes sure that there is such a stream and that its writer may write to it. The stream and
    /// its group are made if there are none.
    ///
    /// # Errors
    /// What the writer's role does not allow.
    pub fn open(&self, stream: &LogStream, cause: EntryId) -> Result<(), Refused> {
        let group = stream.group_arn().to_string();
        let on = stream_arn(&group, &stream.name);
        if !self.has_stream(&group, &stream.name) {
            self.authorize_writer(stream, "logs:CreateLogStream", &group, &on, cause)?;
            let is_new = !self.core.logs.lock().groups.contains_key(&group);
            if is_new {
                let whole = stream_arn(&group, "");
                self.authorize_writer(stream, "logs:CreateLogGroup", &group, &whole, cause)?;
            }
            let now = self.now();
            let name = stream.group.to_string();
            let mut state = self.core.logs.lock();
            // Somebody else may have made either in the meantime; then it is there, too.
            if is_new {
                let _ = state.create_group(Group::new(group.clone(), name, "STANDARD", now));
            }
            let _ = state.create_stream(&group, &stream.name, now);
        }
        self.authorize_writer(stream, "logs:PutLogEvents", &group, &on, cause)
    }

    /// Writes lines, and says whether there is such a stream.
    pub fn write(&self, stream: &LogStream, lines: &[LogLine]) -> bool {
        let group = stream.group_arn().to_string();
        let events = lines
            .iter()
            .map(|line| (milliseconds(line.at), line.text.clone()));
        let now = self.now();
        let mut state = self.core.logs.lock();
        state.append(&group, &stream.name, events, now).is_ok()
    }

    fn has_stream(&self, group: &str, stream: &str) -> bool {
        let now = self.now();
        self.core.logs.lock().stream(group, stream, now).is_ok()
    }

    fn authorize_writer(
        &self,
        stream: &LogStream,
        action: &str,
        group: &str,
        resource: &str,
        cause: EntryId,
    ) -> Result<(), Refused> {
        let tags = self.tags_of(group);
        let context: Vec<(&str, String)> = tags
            .iter()
            .map(|(key, value)| (key.as_str(), value.clone()))
            .collect();
        let request = Authorization {
            cause,
            action,
            resource,
            context: &context,
            resource_policy: None,
        };
        self.core
            .authorize_as(&stream.role, &request)
            .map_err(|denied| Refused::Denied(denied.message))
    }
}
