//! The typed values of conditions: dates, numbers, booleans, address ranges.

use std::net::IpAddr;
use std::str::FromStr;

use rust_decimal::Decimal;
use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// An integer or decimal number, exactly.
pub(crate) fn number(text: &str) -> Option<Decimal> {
    Decimal::from_str(text)
        .or_else(|_| Decimal::from_scientific(text))
        .ok()
}

/// `true` or `false`, in any case.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// A moment: one of the W3C's forms of ISO 8601, or seconds since 1970.
///
/// What a shorter form leaves out is the earliest: `2026-11` begins with the first of November.
/// Four digits are a year. Follows <https://www.w3.org/TR/NOTE-datetime>.
pub(crate) fn date(text: &str) -> Option<OffsetDateTime> {
    let is_epoch = text.len() != 4 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if is_epoch {
        return OffsetDateTime::from_unix_timestamp(text.parse().ok()?).ok();
    }
    let (day, clock) = match text.split_once('T') {
        Some((day, clock)) => (day, Some(clock)),
        None => (text, None),
    };
    let mut fields = day.split('-');
    let year = digits(fields.next()?, 4)?;
    let month = fields.next().map_or(Some(1), |field| digits(field, 2))?;
    let number = fields.next().map_or(Some(1), |field| digits(field, 2))?;
    let complete = day.len() == "2026-11-30".len();
    if fields.next().is_some() || (clock.is_some() && !complete) {
        return None;
    }
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let year = i32::try_from(year).ok()?;
    let day = Date::from_calendar_date(year, month, u8::try_from(number).ok()?).ok()?;
    match clock {
        None => Some(day.midnight().assume_utc()),
        Some(clock) => with_clock(day, clock),
    }
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.s`, and then `Z` or `+hh:mm`.
fn with_clock(day: Date, clock: &str) -> Option<OffsetDateTime> {
    let zone_at = clock.find(['Z', '+', '-'])?;
    let (clock, zone) = clock.split_at(zone_at);
    let offset = match zone {
        "Z" => UtcOffset::UTC,
        _ => {
            let (hours, minutes) = zone[1..].split_once(':')?;
            let hours = i8::try_from(digits(hours, 2)?).ok()?;
            let minutes = i8::try_from(digits(minutes, 2)?).ok()?;
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()?
        }
    };
    let mut fields = clock.split(':');
    let hour = u8::try_from(digits(fields.next()?, 2)?).ok()?;
    let minute = u8::try_from(digits(fields.next()?, 2)?).ok()?;
    let (second, fraction) = match fields.next() {
        None => (0, Duration::ZERO),
        Some(field) => {
            let (whole, part) = field.split_once('.').unwrap_or((field, "0"));
            (u8::try_from(digits(whole, 2)?).ok()?, part_of_second(part)?)
        }
    };
    if fields.next().is_some() {
        return None;
    }
    let clock = Time::from_hms(hour, minute, second).ok()?;
    PrimitiveDateTime::new(day, clock)
        .assume_offset(offset)
        .checked_add(fraction)
}

fn part_of_second(text: &str) -> Option<Duration> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    let value = digits(text, text.len())?;
    let scale = 10_u32.pow(9 - u32::try_from(text.len()).ok()?);
    Some(Duration::nanoseconds(i64::from(value) * i64::from(scale)))
}

/// Exactly `length` decimal digits.
fn digits(text: &str, length: usize) -> Option<u32> {
    let all_digits = text.bytes().all(|b| b.is_ascii_digit());
    (text.len() == length && all_digits).then(|| text.parse().ok())?
}

/// A range of addresses: `203.0.113.0/24`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => widest,
            Some(prefix) if prefix.bytes().all(|b| b.is_ascii_digit()) => prefix.parse().ok()?,
            Some(_) => return None,
        };
        (prefix <= widest).then_some(Self { address, prefix })
    }

    /// Whether an address lies in the range; one of the other family never does.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let (ours, theirs, width) = match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                (u128::from(ours.to_bits()), u128::from(theirs.to_bits()), 32)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => (ours.to_bits(), theirs.to_bits(), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
        };
        // A shift by all 128 bits is what the whole of IPv6 needs, and what `>>` refuses.
        let shift = width - self.prefix;
        ours.checked_shr(shift).unwrap_or(0) == theirs.checked_shr(shift).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_come_in_the_forms_of_the_w3c_and_as_seconds() {
        let cases = [
            ("2026", Some("2026-01-01 0:00:00.0 +00:00:00")),
            ("2026-11", Some("2026-11-01 0:00:00.0 +00:00:00")),
            ("2026-11-30", Some("2026-11-30 0:00:00.0 +00:00:00")),
            ("2026-11-30T23:59Z", Some("2026-11-30 23:59:00.0 +00:00:00")),
            (
                "2026-11-30T23:59:58+02:00",
                Some("2026-11-30 23:59:58.0 +02:00:00"),
            ),
            (
                "2026-11-30T23:59:58.25-01:30",
                Some("2026-11-30 23:59:58.25 -01:30:00"),
            ),
            ("1796083199", Some("2026-11-30 23:59:59.0 +00:00:00")),
            ("0", Some("1970-01-01 0:00:00.0 +00:00:00")),
            ("2026-13", None),
            ("2026-02-30", None),
            ("2026-11T10:00Z", None),
            ("2026-11-30T23:59", None),
            ("2026-11-30T24:00Z", None),
            ("2026-11-30 23:59Z", None),
            ("2026-11-30T10:00:00.Z", None),
            ("26-11-30", None),
            ("yesterday", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let found = date(text).map(|moment| moment.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn numbers_are_exact() {
        assert_eq!(number("0.1"), number("0.10"));
        assert_ne!(number("9007199254740993"), number("9007199254740992"));
        assert_eq!(number("1e3"), number("1000"));
        assert!(number("-2.5") < number("-2.4"));
        for text in ["", "ten", "1,5", "0x10"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn a_network_contains_the_addresses_that_share_its_prefix() {
        let cases = [
            ("203.0.113.0/24", "203.0.113.255", Some(true)),
            ("203.0.113.0/24", "203.0.114.0", Some(false)),
            ("203.0.113.7", "203.0.113.7", Some(true)),
            ("203.0.113.7", "203.0.113.8", Some(false)),
            ("203.0.113.77/24", "203.0.113.1", Some(true)),
            ("0.0.0.0/0", "8.8.8.8", Some(true)),
            ("0.0.0.0/0", "2001:db8::1", Some(false)),
            (
                "2001:DB8:1234:5678::/64",
                "2001:db8:1234:5678::1",
                Some(true),
            ),
            (
                "2001:DB8:1234:5678::/64",
                "2001:db8:1234:5679::1",
                Some(false),
            ),
            ("::/0", "2001:db8::1", Some(true)),
            ("2001:db8::1", "2001:db8::1", Some(true)),
            ("127.0.0.0/8", "::ffff:127.0.0.1", Some(true)),
            ("203.0.113.0/33", "203.0.113.0", None),
            ("203.0.113.0/", "203.0.113.0", None),
            ("203.0.113.0/+8", "203.0.113.0", None),
            ("203.0.113", "203.0.113.0", None),
        ];
        for (network, address, expected) in cases {
            let found = Network::parse(network).map(|n| n.contains(address.parse().unwrap()));
            assert_eq!(found, expected, "{network} and {address}");
        }
    }
}
