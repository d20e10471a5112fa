//! Brings a stack that was made to what its configuration says now, as `terraform apply` does.
//!
//! What is new is made, what has changed is brought up to date where its service lets it be and
//! replaced where it does not, and what is no longer declared is removed, the last made first.
//!
//! An apply may stop half-way. What it has done until then is known to the next one, which goes on
//! from there: what was tried counts as something that may be there, in whatever state.

use zipster_stack::{Kind, Resource, Stack};

use super::difference::{by_address, is_as_declared, is_same};
use super::{Deployer, Difference, Executables, Leniency, Refusal, adjust, detach, tags, waves};
use crate::TargetError;
use crate::clients::Clients;
use crate::progress::Report;

/// What was made, as far as that is known.
#[derive(Debug, Clone)]
pub struct Deployed {
    stack: Stack,
    /// What may be there besides: what an apply that stopped has tried, or has put another resource in
    /// the place of.
    besides: Vec<Resource>,
}

impl Deployed {
    /// All of `stack` was made, and nothing else.
    #[must_use]
    pub fn new(stack: Stack) -> Self {
        Self {
            stack,
            besides: Vec::new(),
        }
    }

    /// The stack.
    #[must_use]
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// Whether something else may be there under the address of `resource`.
    fn is_uncertain(&self, resource: &Resource) -> bool {
        let mut besides = self.besides.iter();
        besides.any(|other| other.address == resource.address)
    }

    /// What has been there of the same resource, under whatever address.
    fn earlier(&self, resource: &Resource) -> Vec<Resource> {
        let known = self.stack.resources.iter().chain(&self.besides);
        known
            .filter(|other| is_same(&other.kind, &resource.kind))
            .cloned()
            .collect()
    }

    /// `resource` may be there from now on.
    fn try_to_make(&mut self, resource: &Resource) {
        let is_known =
            |other: &Resource| other.address == resource.address && is_as_declared(other, resource);
        // An apply that is refused again and again adds nothing new.
        if !self.besides.iter().any(is_known) {
            self.besides.push(resource.clone());
        }
    }

    /// `resource` is there, as it is declared.
    fn made(&mut self, resource: &Resource) {
        self.besides
            .retain(|other| !is_same(&other.kind, &resource.kind));
        let at = |other: &Resource| other.address == resource.address;
        match self.stack.resources.iter().position(at) {
            Some(index) => {
                let old = std::mem::replace(&mut self.stack.resources[index], resource.clone());
                if !is_same(&old.kind, &resource.kind) {
                    self.besides.push(old);
                }
            }
            None => self.stack.resources.push(resource.clone()),
        }
    }
}

/// Makes what was deployed into `new`.
///
/// # Errors
/// [`TargetError::Deploy`] naming the first resource that was refused; what was done before stays,
/// and is known to `deployed`.
pub async fn apply(
    clients: &Clients,
    deployed: &mut Deployed,
    new: &Stack,
    code: &Executables,
    report: &Report,
) -> Result<Difference, TargetError> {
    let old = deployed.stack.clone();
    let difference = Difference::between(&old, new);
    let before = by_address(&old);
    let deployer = Deployer {
        clients,
        stack: new,
        code,
        leniency: Leniency {
            update_existing: true,
            go_without: false,
        },
        report,
    };
    // Secrets have been made while the configuration was read.
    for resource in new.order() {
        let there = before.get(&resource.address);
        if matches!(resource.kind, Kind::Secret(_))
            && !there.is_some_and(|there| is_same(&there.kind, &resource.kind))
        {
            deployed.try_to_make(resource);
        }
    }
    // A subscription of the same endpoint stands in the way of another.
    for address in &difference.replaced {
        if let Some(old) = before.get(address)
            && matches!(old.kind, Kind::TopicSubscription(_))
        {
            told(old, detach::detach(clients, &old.kind).await)?;
        }
    }
    for resource in waves(new).into_iter().flatten() {
        let there = before.get(&resource.address);
        if there.is_some_and(|there| is_as_declared(there, resource))
            && !deployed.is_uncertain(resource)
        {
            continue;
        }
        let earlier = deployed.earlier(resource);
        deployed.try_to_make(resource);
        deployer.make(resource).await?;
        for earlier in &earlier {
            let adjusted = adjust::adjust(clients, &earlier.kind, &resource.kind).await;
            told(resource, adjusted)?;
            told(resource, tags::untag(clients, earlier, resource).await)?;
        }
        deployed.made(resource);
    }
    let is_no_more = |resource: &&Resource| {
        let mut declared = new.order();
        !declared.any(|declared| is_same(&declared.kind, &resource.kind))
    };
    // What belongs together goes in the order in which it came.
    let was_there = |resource: &&Resource| {
        let mut old = old.order();
        old.any(|old| is_same(&old.kind, &resource.kind))
    };
    let besides = deployed.besides.iter().filter(|it| !was_there(it));
    let gone = old.order().chain(besides).filter(is_no_more);
    for resource in gone.rev() {
        told(resource, detach::take_away(clients, &old, resource).await)?;
    }
    *deployed = Deployed::new(new.clone());
    Ok(difference)
}

/// What was not there counts as removed.
fn told(resource: &Resource, result: Result<(), Refusal>) -> Result<(), TargetError> {
    match result {
        Err(refusal) if !refusal.is_missing() => Err(TargetError::Deploy {
            what: format!("{} ({})", resource.address, refusal.operation),
            reason: refusal.reason,
        }),
        Ok(()) | Err(_) => Ok(()),
    }
}
