//! Mishaps, injected: a [`FaultPlan`] is a value that says what goes wrong and when.
//!
//! Real S3, SNS and Lambda deliver twice, late and out of order, throttle, answer 503, and a
//! function can die between any two of its calls. A plan makes each of these happen at a chosen
//! moment, so that a scenario can show that the pipeline ends right all the same.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use zipster_names::FunctionName;

use crate::random::Random;

/// What goes wrong, and when. The empty plan lets everything pass.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan {
    /// Looked at in order; every rule that matches strikes.
    pub rules: Vec<FaultRule>,
}

/// One mishap.
#[derive(Debug, Clone)]
pub struct FaultRule {
    /// The moment.
    pub when: Moment,
    /// How many matches pass before it strikes for the first time.
    pub after: u32,
    /// How many times it strikes.
    pub times: u32,
}

/// A moment at which something can go wrong, and what does.
#[derive(Debug, Clone)]
pub enum Moment {
    /// A client or function calls `operation` of `service`.
    Call {
        /// `s3`, `sns`, ...
        service: &'static str,
        /// The API name, such as `PutObject`.
        operation: String,
        /// Only calls made by this function; `None`: anybody's.
        by: Option<FunctionName>,
        /// The mishap.
        fault: CallFault,
    },
    /// An event is on its way from one service to another.
    Delivery {
        /// A part of the destination's ARN, such as `function:zipster-load`.
        to: String,
        /// The mishap.
        fault: DeliveryFault,
    },
}

/// What can happen to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallFault {
    /// Answered 503 `ServiceUnavailable` (S3: `SlowDown`), nothing done.
    Unavailable,
    /// Never answered, nothing done: the connection stays open until the caller gives up.
    Silent,
    /// The calling function's process is killed before the call has any effect.
    KillBefore,
    /// The calling function's process is killed after the call took effect, before its answer.
    KillAfter,
}

impl CallFault {
    /// What happened, for the journal.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Unavailable => "answered with 503",
            Self::Silent => "never answered",
            Self::KillBefore => "caller killed before the call took effect",
            Self::KillAfter => "caller killed after the call took effect",
        }
    }
}

/// What can happen to a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryFault {
    /// Delivered two times.
    Twice,
    /// Held back for this long (a pause of the clock), so that later ones may overtake it.
    Late(Duration),
    /// Held back until [`Faults::release`], so that later ones certainly overtake it.
    Held,
    /// Any of this, by chance.
    Disorder(Disorder),
}

/// How often deliveries come twice and late, where nobody says which: as S3, SNS and Lambda have it,
/// which deliver at least once and in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disorder {
    /// How many in a hundred are delivered two times.
    pub twice_percent: u64,
    /// How many in a hundred, copies included, are held back, so that later ones may overtake them.
    pub late_percent: u64,
    /// For how long at most, as a pause of the clock.
    pub late_by: Duration,
}

impl FaultPlan {
    /// A plan in which everything that goes from one service to another is in disorder.
    #[must_use]
    pub fn disorder(disorder: Disorder) -> Self {
        let rule = FaultRule {
            when: Moment::Delivery {
                to: String::new(),
                fault: DeliveryFault::Disorder(disorder),
            },
            after: 0,
            times: u32::MAX,
        };
        Self { rules: vec![rule] }
    }
}

impl Disorder {
    /// How late each copy of a delivery comes.
    pub(crate) fn copies(self, random: &Random) -> Vec<Duration> {
        let copies = if random.below(100) < self.twice_percent {
            2
        } else {
            1
        };
        let longest = u64::try_from(self.late_by.as_millis()).unwrap_or(u64::MAX);
        (0..copies)
            .map(|_| {
                if random.below(100) < self.late_percent {
                    Duration::from_millis(random.below(longest))
                } else {
                    Duration::ZERO
                }
            })
            .collect()
    }
}

/// A plan at work: it counts matches, so it is shared and not cloned.
#[derive(Debug, Default)]
pub struct Faults {
    state: Mutex<Vec<ArmedRule>>,
    released: CancellationToken,
}

#[derive(Debug)]
struct ArmedRule {
    rule: FaultRule,
    seen: u32,
}

impl ArmedRule {
    /// Counts a match; true if the rule strikes on this one.
    fn strikes(&mut self) -> bool {
        self.seen = self.seen.saturating_add(1);
        self.seen > self.rule.after && self.seen - self.rule.after <= self.rule.times
    }
}

impl Faults {
    /// Arms `plan`.
    #[must_use]
    pub fn new(plan: FaultPlan) -> Self {
        let faults = Self::default();
        faults.arm(plan);
        faults
    }

    /// Adds the rules of `plan`, whose counts start now.
    pub fn arm(&self, plan: FaultPlan) {
        self.lock().extend(
            plan.rules
                .into_iter()
                .map(|rule| ArmedRule { rule, seen: 0 }),
        );
    }

    /// Lets go of all deliveries that are [`DeliveryFault::Held`], and of those to come.
    pub fn release(&self) {
        self.released.cancel();
    }

    /// Ends with [`release`](Self::release).
    pub async fn released(&self) {
        self.released.cancelled().await;
    }

    /// Counts a call and says what happens to it.
    pub fn on_call(
        &self,
        service: &str,
        operation: &str,
        by: Option<&FunctionName>,
    ) -> Option<CallFault> {
        let mut verdict = None;
        for armed in self.lock().iter_mut() {
            let Moment::Call {
                service: of,
                operation: named,
                by: only,
                fault,
            } = &armed.rule.when
            else {
                continue;
            };
            let fault = *fault;
            let matches =
                *of == service && named == operation && (only.is_none() || only.as_ref() == by);
            if matches && armed.strikes() {
                verdict = verdict.or(Some(fault));
            }
        }
        verdict
    }

    /// Counts a delivery and says what happens to it.
    pub fn on_delivery(&self, to: &str) -> Option<DeliveryFault> {
        let mut verdict = None;
        for armed in self.lock().iter_mut() {
            let Moment::Delivery { to: part, fault } = &armed.rule.when else {
                continue;
            };
            let fault = *fault;
            if to.contains(part.as_str()) && armed.strikes() {
                verdict = verdict.or(Some(fault));
            }
        }
        verdict
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<ArmedRule>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disorder_is_as_frequent_as_it_says_and_the_same_for_the_same_seed() {
        let disorder = Disorder {
            twice_percent: 20,
            late_percent: 50,
            late_by: Duration::from_secs(10),
        };
        let draw = || {
            let random = Random::new(7);
            (0..1000)
                .map(|_| disorder.copies(&random))
                .collect::<Vec<_>>()
        };
        let drawn = draw();
        assert_eq!(drawn, draw());
        let twice = drawn.iter().filter(|copies| copies.len() == 2).count();
        assert!((150..250).contains(&twice), "{twice} of 1000");
        let copies: Vec<Duration> = drawn.into_iter().flatten().collect();
        let late = copies.iter().filter(|late| !late.is_zero()).count();
        assert!(
            (45..55).contains(&(late * 100 / copies.len())),
            "{late} of {}",
            copies.len()
        );
        assert!(copies.iter().all(|late| *late < disorder.late_by));
        let order = Disorder {
            twice_percent: 0,
            late_percent: 0,
            ..disorder
        };
        assert_eq!(order.copies(&Random::new(7)), [Duration::ZERO]);
    }

    #[test]
    fn a_rule_strikes_as_often_as_it_says_after_as_many_as_it_says() {
        let faults = Faults::new(FaultPlan {
            rules: vec![FaultRule {
                when: Moment::Delivery {
                    to: "function:f".to_owned(),
                    fault: DeliveryFault::Twice,
                },
                after: 1,
                times: 2,
            }],
        });
        let struck: Vec<bool> = (0..5)
            .map(|_| {
                faults
                    .on_delivery("arn:aws:lambda:r:1:function:f")
                    .is_some()
            })
            .collect();
        assert_eq!(struck, [false, true, true, false, false]);
        assert_eq!(faults.on_delivery("arn:aws:sqs:r:1:q"), None);
    }

    #[test]
    fn a_call_rule_can_be_for_one_function_only() {
        let by = FunctionName::parse("load").unwrap();
        let faults = Faults::new(FaultPlan {
            rules: vec![FaultRule {
                when: Moment::Call {
                    service: "sns",
                    operation: "Publish".to_owned(),
                    by: Some(by.clone()),
                    fault: CallFault::KillAfter,
                },
                after: 0,
                times: 1,
            }],
        });
        assert_eq!(faults.on_call("sns", "Publish", None), None);
        assert_eq!(
            faults.on_call("sns", "Publish", Some(&by)),
            Some(CallFault::KillAfter)
        );
        assert_eq!(faults.on_call("sns", "Publish", Some(&by)), None);
    }
}
