//! Roles and policies.

use zipster_stack::resources::{Policy, Role, RolePolicy, RolePolicyAttachment};

use super::{Deployer, Refusal};

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
                let account = &self.stack.account;
                let (path, name) = (policy.path.as_str(), policy.name.as_str());
                self.clients
                    .iam
                    .create_policy_version()
                    .policy_arn(format!("arn:aws:iam::{account}:policy{path}{name}"))
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
