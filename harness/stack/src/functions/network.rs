//! IP address ranges.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Args, Failure, Function, Returns};
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of("cidrhost", 2, Returns::String, host),
    Function::of("cidrnetmask", 1, Returns::String, netmask),
    Function::of("cidrsubnet", 3, Returns::String, subnet),
    Function::new("cidrsubnets", 1, None, Returns::Strings, subnets),
];

/// A range: its first address as a number, and how many leading bits are fixed.
#[derive(Clone, Copy)]
struct Range {
    first: u128,
    prefix: u32,
    /// 32 or 128.
    width: u32,
}

impl Range {
    fn parse(args: &Args<'_>, at: usize) -> Result<Self, Failure> {
        let text = args.string(at)?;
        let parsed = text.split_once('/').and_then(|(address, prefix)| {
            let (bits, width) = match address.parse::<IpAddr>().ok()? {
                IpAddr::V4(v4) => (u128::from(u32::from(v4)), 32),
                IpAddr::V6(v6) => (u128::from(v6), 128),
            };
            let prefix: u32 = prefix.parse().ok().filter(|prefix| *prefix <= width)?;
            let mut range = Self {
                first: bits,
                prefix,
                width,
            };
            range.first &= range.mask();
            Some(range)
        });
        parsed.ok_or_else(|| {
            Failure::at(at, format!("{text:?} is no address range like 10.0.0.0/16"))
        })
    }

    fn host_bits(self) -> u32 {
        self.width - self.prefix
    }

    fn mask(self) -> u128 {
        let all = u128::MAX >> (128 - self.width);
        all & !low_bits(self.host_bits())
    }

    fn address(self, bits: u128) -> String {
        if self.width == 32 {
            Ipv4Addr::from(u32::try_from(bits & u128::from(u32::MAX)).unwrap_or(u32::MAX))
                .to_string()
        } else {
            Ipv6Addr::from(bits).to_string()
        }
    }

    fn show(self) -> String {
        format!("{}/{}", self.address(self.first), self.prefix)
    }
}

/// A number whose lowest `count` bits are set.
fn low_bits(count: u32) -> u128 {
    if count == 0 {
        0
    } else {
        u128::MAX >> (128 - count)
    }
}

fn host(args: &Args<'_>) -> Result<Value, Failure> {
    let range = Range::parse(args, 0)?;
    let number = args.whole(1)?;
    let highest = low_bits(range.host_bits());
    let magnitude = u128::from(number.unsigned_abs());
    // A negative number counts from the end.
    let offset = if number >= 0 {
        Some(magnitude).filter(|offset| *offset <= highest)
    } else {
        highest.checked_sub(magnitude - 1)
    };
    match offset {
        Some(offset) => Ok(range.address(range.first | offset).into()),
        None => Err(Failure::at(
            1,
            format!("a prefix of {} has no host number {number}", range.prefix),
        )),
    }
}

fn netmask(args: &Args<'_>) -> Result<Value, Failure> {
    let range = Range::parse(args, 0)?;
    if range.width == 128 {
        return Err(Failure::at(0, "IPv6 ranges have no netmask"));
    }
    Ok(range.address(range.mask()).into())
}

/// `range` with its prefix made longer by `bits`.
fn extended(range: Range, bits: i64, at: usize) -> Result<Range, Failure> {
    let longer = u32::try_from(bits)
        .ok()
        .and_then(|bits| range.prefix.checked_add(bits))
        .filter(|prefix| *prefix <= range.width);
    match longer {
        Some(prefix) => Ok(Range { prefix, ..range }),
        None => Err(Failure::at(
            at,
            format!("a prefix of {} cannot be extended by {bits}", range.prefix),
        )),
    }
}

fn subnet(args: &Args<'_>) -> Result<Value, Failure> {
    let range = Range::parse(args, 0)?;
    let bits = args.whole(1)?;
    let inner = extended(range, bits, 1)?;
    let number = args.whole(2)?;
    let count = low_bits(inner.prefix - range.prefix);
    let shifted = u128::try_from(number)
        .ok()
        .filter(|number| *number <= count)
        .map(|number| number.checked_shl(inner.host_bits()).unwrap_or(0));
    match shifted {
        Some(offset) => Ok(Range {
            first: range.first | offset,
            ..inner
        }
        .show()
        .into()),
        None => Err(Failure::at(
            2,
            format!("{bits} bits have no room for subnet number {number}"),
        )),
    }
}

fn subnets(args: &Args<'_>) -> Result<Value, Failure> {
    let range = Range::parse(args, 0)?;
    let last = range.first | low_bits(range.host_bits());
    let mut next = Some(range.first);
    let mut subnets = Vec::new();
    for at in 1..args.len() {
        let inner = extended(range, args.whole(at)?, at)?;
        let size = low_bits(inner.host_bits());
        // The next address that a range of this size can begin with.
        let first = next
            .and_then(|next| next.checked_add(size))
            .map(|end| end & !size)
            .filter(|first| first | size <= last);
        let Some(first) = first else {
            return Err(Failure::at(at, "there is no room left for this subnet"));
        };
        subnets.push(Range { first, ..inner }.show());
        next = (first | size).checked_add(1);
    }
    Ok(Value::strings(subnets))
}
