//! Operations on managed policies and their versions.

use zipster_iam::PolicyKind;
use zipster_names::Arn;

use super::directory::{Account, Document, ManagedPolicy, PolicyVersion, Usage};
use super::parameters::{self, Page, flag, policy_arn, policy_name, require, values};
use super::render::{self, Detail};
use super::roles::description;
use super::tags::{TagContext, request_tags, resource_tags, tag_keys};
use super::{Iam, answer, done, error, provided};
use crate::front::query::Params;
use crate::front::{Answer, ApiError, Call};

/// The longest managed policy, white space not counted.
const LONGEST_POLICY: usize = 6144;

/// How many versions a managed policy may have.
const MOST_VERSIONS: usize = 5;

impl Iam {
    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html>.
    pub(super) fn create_policy(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let name = policy_name(params)?;
        let path = parameters::path(params)?;
        let text = require(params, "PolicyDocument", "policyDocument")?;
        let description = description(params)?;
        let tags = parameters::tags(params)?;
        let account = call.identity.principal.account();
        let arn = Arn::policy(self.core.region.partition(), account, &path, &name);
        let context = request_tags(&tags);
        self.allow(call, "iam:CreatePolicy", arn.as_str(), &context)?;
        if !tags.is_empty() {
            self.allow(call, "iam:TagPolicy", arn.as_str(), &context)?;
        }
        let now = self.core.clock.now();
        let policy = ManagedPolicy {
            path,
            name,
            id: self.unique_id("ANPA"),
            arn,
            created: now,
            updated: now,
            description,
            tags,
            versions: vec![PolicyVersion {
                number: 1,
                document: managed(text)?,
                created: now,
            }],
            default: 1,
            made: 1,
        };
        self.core
            .iam
            .with(account, |state| state.add_policy(policy.clone()))?;
        Ok(answer(call, |xml| {
            render::policy(xml, "Policy", &policy, Usage::default(), Detail::Full);
        }))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicy.html>.
    pub(super) fn get_policy(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let arn = policy_arn(params)?;
        self.allow(call, "iam:GetPolicy", arn.as_str(), &[])?;
        let (policy, attachments) = self.read_policy(call, &arn, |state, policy| {
            (policy.clone(), state.usage(&arn))
        })?;
        Ok(answer(call, |xml| {
            render::policy(xml, "Policy", &policy, attachments, Detail::Full);
        }))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicies.html>.
    pub(super) fn list_policies(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let prefix = params.get("PathPrefix").unwrap_or("/");
        let account = call.identity.principal.account();
        let (own, aws) = match params.get("Scope") {
            None | Some("All") => (true, true),
            Some("Local") => (true, false),
            Some("AWS") => (false, true),
            Some(other) => {
                let rule = "satisfy enum value set: [All, AWS, Local]";
                return Err(error::constraint(other, "scope", rule));
            }
        };
        let only_attached = flag(params, "OnlyAttached")?;
        let partition = self.core.region.partition();
        let all = format!("arn:{partition}:iam::{account}:policy{prefix}");
        self.allow(call, "iam:ListPolicies", &all, &[])?;
        let policies = self.core.iam.with(account, |state| {
            let provided = provided::all().iter().filter(|_| aws);
            let all = state.own_policies().filter(|_| own).chain(provided);
            all.filter(|policy| policy.path.as_str().starts_with(prefix))
                .map(|policy| (policy.clone(), state.usage(&policy.arn)))
                .filter(|(_, attachments)| !only_attached || attachments.attached > 0)
                .collect::<Vec<_>>()
        });
        let page = Page::of(params, policies, |(policy, _)| policy.arn.as_str())?;
        Ok(answer(call, |xml| {
            render::list(
                xml,
                "Policies",
                &page.items,
                |xml, (policy, attachments)| {
                    render::policy(xml, "member", policy, *attachments, Detail::Listed);
                },
            );
            render::page(xml, &page);
        }))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagPolicy.html>.
    pub(super) fn tag_policy(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let arn = policy_arn(params)?;
        let tags = parameters::tags(params)?;
        self.allow_on_policy(call, "iam:TagPolicy", &arn, request_tags(&tags))?;
        self.change_policy(call, &arn, |policy| {
            policy.tags = parameters::tagged(&policy.tags, tags)?;
            Ok(())
        })?;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagPolicy.html>.
    pub(super) fn untag_policy(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let arn = policy_arn(params)?;
        let keys = values(params, "TagKeys");
        self.allow_on_policy(call, "iam:UntagPolicy", &arn, tag_keys(&keys))?;
        self.change_policy(call, &arn, |policy| {
            parameters::untag(&mut policy.tags, &keys);
            Ok(())
        })?;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyTags.html>.
    pub(super) fn list_policy_tags(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let arn = policy_arn(params)?;
        self.allow_on_policy(call, "iam:ListPolicyTags", &arn, Vec::new())?;
        let tags = self.read_policy(call, &arn, |_, policy| policy.tags.clone())?;
        let page = Page::of(params, &tags, |(key, _)| key.as_str())?;
        Ok(answer(call, |xml| {
            render::tags(xml, page.items.iter().copied());
            render::page(xml, &page);
        }))
    }

    /// Asks whether the caller may, with the tags of the policy, if there is one.
    fn allow_on_policy(
        &self,
        call: &Call,
        action: &str,
        arn: &Arn,
        mut context: TagContext,
    ) -> Result<(), ApiError> {
        if let Ok(tags) = self.read_policy(call, arn, |_, policy| policy.tags.clone()) {
            context.extend(resource_tags(&tags));
            let own = tags.iter();
            context
                .extend(own.map(|(key, value)| (format!("iam:ResourceTag/{key}"), value.clone())));
        }
        self.allow(call, action, arn.as_str(), &context)
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html>.
    pub(super) fn delete_policy(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let arn = policy_arn(params)?;
        self.allow(call, "iam:DeletePolicy", arn.as_str(), &[])?;
        let account = call.identity.principal.account();
        self.core
            .iam
            .with(account, |state| state.remove_policy(&arn))?;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html>.
    pub(super) fn create_policy_version(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let arn = policy_arn(params)?;
        let text = require(params, "PolicyDocument", "policyDocument")?;
        let set_default = flag(params, "SetAsDefault")?;
        self.allow(call, "iam:CreatePolicyVersion", arn.as_str(), &[])?;
        let now = self.core.clock.now();
        let (version, default) = self.change_policy(call, &arn, |policy| {
            let document = managed(text)?;
            if policy.versions.len() >= MOST_VERSIONS {
                return Err(error::limit(format!(
                    "A managed policy can have up to {MOST_VERSIONS} versions. Before you create \
                     a new version, you must delete an existing version."
                )));
            }
            let version = PolicyVersion {
                number: policy.made + 1,
                document,
                created: now,
            };
            policy.made = version.number;
            policy.versions.push(version.clone());
            policy.updated = now;
            if set_default {
                policy.default = version.number;
            }
            Ok((version, policy.default))
        })?;
        Ok(answer(call, |xml| {
            render::version(xml, "PolicyVersion", &version, default, false);
        }))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html>.
    pub(super) fn get_policy_version(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let (arn, number) = (policy_arn(params)?, version_number(params)?);
        self.allow(call, "iam:GetPolicyVersion", arn.as_str(), &[])?;
        let (version, default) = self.read_policy(call, &arn, |_, policy| {
            (policy.version(number).cloned(), policy.default)
        })?;
        let version = version.ok_or_else(|| no_version(&arn, number))?;
        Ok(answer(call, |xml| {
            render::version(xml, "PolicyVersion", &version, default, true);
        }))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyVersions.html>.
    pub(super) fn list_policy_versions(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let arn = policy_arn(params)?;
        self.allow(call, "iam:ListPolicyVersions", arn.as_str(), &[])?;
        let (versions, default) = self.read_policy(call, &arn, |_, policy| {
            let newest_first = policy.versions.iter().rev().cloned();
            let keyed = newest_first.map(|version| (render::version_id(version.number), version));
            (keyed.collect::<Vec<_>>(), policy.default)
        })?;
        let page = Page::of(params, versions, |(id, _)| id.as_str())?;
        Ok(answer(call, |xml| {
            render::list(xml, "Versions", &page.items, |xml, (_, version)| {
                render::version(xml, "member", version, default, false);
            });
            render::page(xml, &page);
        }))
    }

    /// Follows
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SetDefaultPolicyVersion.html>.
    pub(super) fn set_default_policy_version(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let (arn, number) = (policy_arn(params)?, version_number(params)?);
        self.allow(call, "iam:SetDefaultPolicyVersion", arn.as_str(), &[])?;
        let now = self.core.clock.now();
        self.change_policy(call, &arn, |policy| {
            if policy.version(number).is_none() {
                return Err(no_version(&arn, number));
            }
            policy.default = number;
            policy.updated = now;
            Ok(())
        })?;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicyVersion.html>.
    pub(super) fn delete_policy_version(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let (arn, number) = (policy_arn(params)?, version_number(params)?);
        self.allow(call, "iam:DeletePolicyVersion", arn.as_str(), &[])?;
        self.change_policy(call, &arn, |policy| {
            if policy.version(number).is_none() {
                return Err(no_version(&arn, number));
            }
            if policy.default == number {
                return Err(error::delete_conflict(
                    "Cannot delete the default version of a policy.",
                ));
            }
            policy.versions.retain(|version| version.number != number);
            Ok(())
        })?;
        Ok(done(call))
    }

    fn read_policy<R>(
        &self,
        call: &Call,
        arn: &Arn,
        read: impl FnOnce(&Account, &ManagedPolicy) -> R,
    ) -> Result<R, ApiError> {
        let account = call.identity.principal.account();
        self.core.iam.with(account, |state| {
            let policy = state.policy(arn).ok_or_else(|| error::no_policy(arn))?;
            Ok(read(state, policy))
        })
    }

    fn change_policy<R>(
        &self,
        call: &Call,
        arn: &Arn,
        change: impl FnOnce(&mut ManagedPolicy) -> Result<R, ApiError>,
    ) -> Result<R, ApiError> {
        let account = call.identity.principal.account();
        self.core
            .iam
            .with(account, |state| state.change_policy(arn, change))
    }
}

fn managed(text: &str) -> Result<Document, ApiError> {
    let document = Document::parse(text, PolicyKind::Identity)?;
    if document.size() > LONGEST_POLICY {
        return Err(error::limit(format!(
            "Cannot exceed quota for PolicySize: {LONGEST_POLICY}"
        )));
    }
    Ok(document)
}

/// `VersionId`, which looks like `v1`.
fn version_number(params: &Params) -> Result<u32, ApiError> {
    let text = require(params, "VersionId", "versionId")?;
    let digits = text
        .strip_prefix('v')
        .filter(|n| !n.starts_with(['0', '+']));
    digits.and_then(|n| n.parse().ok()).ok_or_else(|| {
        let rule = r"satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?";
        error::constraint(text, "versionId", rule)
    })
}

fn no_version(arn: &Arn, number: u32) -> ApiError {
    error::not_attachable(format!("{arn} version {}", render::version_id(number)))
}
