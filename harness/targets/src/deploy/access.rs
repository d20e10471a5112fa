//! Roles and policies.

use zipster_stack::resources::{Policy, Role, RolePolicy, RolePolicyAttachment};

use super::{Deployer, Refusal};

/// How many versions a managed policy may have
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
const MOST_POLICY_VERSIONS: usize = 5;

impl Deployer<'_> {
    pub(super) async fn role(&self, role: &Role) -> Result<(), Refusal> {
        let created = self
            .clients
            .iam
            .create_role()
            .role_name(role.name.as_str())
            .path(role.path.as_str())
            .assume_role_policy_document(role.assume_role_policy.as_str())
            .max_session_duration(i32::try_from(role.max_session_duration_s).unwrap_or(i32::MAX))
            .set_permissions_boundary(
                role.permissions_boundary
                    .as_ref()
                    .map(|arn| arn.as_str().to_owned()),
            )
            .send()
            .await
            .map_err(Refusal::of("CreateRole"));
        match created {
            Ok(_) => {}
            Err(refusal) if self.may_exist(&refusal) => {
                self.clients
                    .iam
                    .update_assume_role_policy()
                    .role_name(role.name.as_str())
                    .policy_document(role.assume_role_policy.as_str())
                    .send()
                    .await
                    .map_err(Refusal::of("UpdateAssumeRolePolicy"))?;
            }
            Err(refusal) => return Err(refusal),
        }
        for policy in &role.inline_policies {
            self.put_role_policy(
                role.name.as_str(),
                policy.name.as_str(),
                policy.policy.as_str(),
            )
            .await?;
        }
        for policy in &role.managed_policies {
            self.attach(role.name.as_str(), policy.as_str()).await?;
        }
        Ok(())
    }

    pub(super) async fn role_policy(&self, policy: &RolePolicy) -> Result<(), Refusal> {
        self.put_role_policy(
            policy.role.as_str(),
            policy.name.as_str(),
            policy.policy.as_str(),
        )
        .await
    }

    pub(super) async fn policy(&self, policy: &Policy) -> Result<(), Refusal> {
        let created = self
            .clients
            .iam
            .create_policy()
            .policy_name(policy.name.as_str())
            .path(policy.path.as_str())
            .policy_document(policy.policy.as_str())
            .send()
            .await
            .map_err(Refusal::of("CreatePolicy"));
        match created {
            Ok(_) => Ok(()),
            Err(refusal) if self.may_exist(&refusal) => {
                self.make_room(policy).await?;
                self.clients
                    .iam
                    .create_policy_version()
                    .policy_arn(policy.arn.as_str())
                    .policy_document(policy.policy.as_str())
                    .set_as_default(true)
                    .send()
                    .await
                    .map_err(Refusal::of("CreatePolicyVersion"))?;
                Ok(())
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// Deletes the oldest version of a policy that has as many as it may.
    async fn make_room(&self, policy: &Policy) -> Result<(), Refusal> {
        let iam = &self.clients.iam;
        let arn = policy.arn.as_str();
        let listed = iam.list_policy_versions().policy_arn(arn).send().await;
        let versions = listed
            .map_err(Refusal::of("ListPolicyVersions"))?
            .versions
            .unwrap_or_default();
        if versions.len() < MOST_POLICY_VERSIONS {
            return Ok(());
        }
        let others = versions
            .iter()
            .filter(|version| !version.is_default_version);
        let Some(oldest) = others.min_by_key(|version| version.create_date) else {
            return Ok(());
        };
        iam.delete_policy_version()
            .policy_arn(arn)
            .set_version_id(oldest.version_id.clone())
            .send()
            .await
            .map(|_| ())
            .map_err(Refusal::of("DeletePolicyVersion"))
    }

    pub(super) async fn role_policy_attachment(
        &self,
        attachment: &RolePolicyAttachment,
    ) -> Result<(), Refusal> {
        self.attach(attachment.role.as_str(), attachment.policy.as_str())
            .await
    }

    async fn put_role_policy(&self, role: &str, name: &str, policy: &str) -> Result<(), Refusal> {
        self.clients
            .iam
            .put_role_policy()
            .role_name(role)
            .policy_name(name)
            .policy_document(policy)
            .send()
            .await
            .map_err(Refusal::of("PutRolePolicy"))?;
        Ok(())
    }

    async fn attach(&self, role: &str, policy: &str) -> Result<(), Refusal> {
        self.clients
            .iam
            .attach_role_policy()
            .role_name(role)
            .policy_arn(policy)
            .send()
            .await
            .map_err(Refusal::of("AttachRolePolicy"))?;
        Ok(())
    }
}
