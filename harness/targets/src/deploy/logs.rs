//! Log groups.

use zipster_stack::resources::LogGroup;

use super::{Deployer, Refusal};

impl Deployer<'_> {
    pub(super) async fn log_group(&self, group: &LogGroup) -> Result<(), Refusal> {
        let logs = &self.clients.logs;
        let created = logs
            .create_log_group()
            .log_group_name(group.name.as_str())
            .send()
            .await
            .map_err(Refusal::of("CreateLogGroup"));
        match created {
            Err(refusal) if !self.may_exist(&refusal) => return Err(refusal),
            Ok(_) | Err(_) => {}
        }
        let Some(days) = group.retention_days else {
            return Ok(());
        };
        let days = i32::try_from(days)
            .map_err(|_| Refusal::because("PutRetentionPolicy", format!("{days} days")))?;
        logs.put_retention_policy()
            .log_group_name(group.name.as_str())
            .retention_in_days(days)
            .send()
            .await
            .map_err(Refusal::of("PutRetentionPolicy"))?;
        Ok(())
    }
}
