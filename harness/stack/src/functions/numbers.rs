//! Numbers.

use super::{Args, Failure, Function, Returns};
use crate::value::{Kind, Number, Type, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of("abs", 1, Returns::Number, |args| {
        Ok(args.number(0)?.abs().into())
    }),
    Function::of("ceil", 1, Returns::Number, |args| {
        Ok(args.number(0)?.ceil().into())
    }),
    Function::of("floor", 1, Returns::Number, |args| {
        Ok(args.number(0)?.floor().into())
    }),
    Function::of("log", 2, Returns::Number, |args| {
        let (number, base) = (args.number(0)?.to_f64(), args.number(1)?.to_f64());
        finite(number.ln() / base.ln())
    }),
    Function::new("max", 1, None, Returns::Number, |args| {
        extreme(args, |candidate, best| candidate > best)
    }),
    Function::new("min", 1, None, Returns::Number, |args| {
        extreme(args, |candidate, best| candidate < best)
    }),
    Function::of("parseint", 2, Returns::Number, parse_int),
    Function::of("pow", 2, Returns::Number, |args| {
        finite(args.number(0)?.to_f64().powf(args.number(1)?.to_f64()))
    }),
    Function::new("range", 1, Some(3), Returns::Any, range),
    Function::of("signum", 1, Returns::Number, |args| {
        let number = args.number(0)?;
        Ok(Value::from(Number::from(if number.is_zero() {
            0i64
        } else if number.is_negative() {
            -1
        } else {
            1
        })))
    }),
    Function::of("sum", 1, Returns::Number, sum),
];

fn finite(value: f64) -> Result<Value, Failure> {
    // Through the shortest decimal, as Terraform converts floats.
    Number::parse(&format!("{value:e}"))
        .map(Value::from)
        .ok_or_else(|| Failure::new("the result is not a finite number"))
}

fn extreme(args: &Args<'_>, better: fn(&Number, &Number) -> bool) -> Result<Value, Failure> {
    let mut best = args.number(0)?;
    for at in 1..args.len() {
        let candidate = args.number(at)?;
        if better(&candidate, &best) {
            best = candidate;
        }
    }
    Ok(best.into())
}

fn parse_int(args: &Args<'_>) -> Result<Value, Failure> {
    let (text, base) = (args.string(0)?, args.whole(1)?);
    let known = u32::try_from(base)
        .ok()
        .filter(|base| (2..=36).contains(base));
    let Some(base) = known else {
        return Err(Failure::at(1, "the base must be from 2 to 36"));
    };
    let lower = text.to_ascii_lowercase();
    Number::parse_integer(&lower, base)
        .filter(|_| !text.contains('_'))
        .map(Value::from)
        .ok_or_else(|| Failure::at(0, format!("{text:?} is no integer of base {base}")))
}

/// As many numbers as Terraform allows.
const LONGEST_RANGE: usize = 1024;

fn range(args: &Args<'_>) -> Result<Value, Failure> {
    let first = args.number(0)?;
    let (start, limit) = match args.len() {
        1 => (Number::zero(), first),
        _ => (first, args.number(1)?),
    };
    let downwards = limit < start;
    let step = match args.len() {
        3 => args.number(2)?,
        _ if downwards => Number::from(-1i64),
        _ => Number::from(1i64),
    };
    if step.is_zero() {
        return Err(Failure::at(2, "the step must not be zero"));
    }
    if step.is_negative() != downwards && start != limit {
        return Err(Failure::at(2, "the step leads away from the limit"));
    }
    let mut numbers = Vec::new();
    let mut at = start;
    while if downwards { at > limit } else { at < limit } {
        if numbers.len() == LONGEST_RANGE {
            return Err(Failure::new(format!(
                "more than {LONGEST_RANGE} numbers would be in the range"
            )));
        }
        let next = at.add(&step);
        numbers.push(Value::from(at));
        at = next;
    }
    Ok(Kind::List(Type::Number, numbers).into())
}

fn sum(args: &Args<'_>) -> Result<Value, Failure> {
    let value = args.any(0);
    let Some(elements) = value.as_elements() else {
        return Err(Failure::at(
            0,
            format!("a list of numbers is required, not {}", value.friendly()),
        ));
    };
    if elements.is_empty() {
        return Err(Failure::at(0, "an empty list has no sum"));
    }
    let inner = Args::new(elements, args.files);
    let mut total = Number::zero();
    for at in 0..elements.len() {
        let number = inner
            .number(at)
            .map_err(|failure| Failure::at(0, failure.message))?;
        total = total.add(&number);
    }
    Ok(total.into())
}
