//! Numbers as Terraform has them: binary floats with 512 bits, not 64.
//!
//! So `0.1 + 0.2` is `0.3`, an id of 20 digits keeps them all, and `1 / 3` prints the same 155
//! digits here as there.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::{BigInt, BigUint, Sign};

/// The precision of every number, in bits.
const PRECISION: u64 = 512;
/// Decimal exponents beyond this are refused: nobody means them, and they take forever.
const MAX_EXPONENT: i64 = 5_000;

/// A number: `mantissa` times two to the power of `exponent`, with an odd mantissa or zero.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Number {
    mantissa: BigInt,
    exponent: i64,
}

impl Number {
    pub(crate) fn zero() -> Self {
        Self::from(0u64)
    }

    /// Rounds to the precision, halves to even, and takes trailing zeros out of the mantissa.
    ///
    /// `sticky` says that a little more than nothing was cut off below the mantissa.
    fn rounded(mantissa: BigInt, exponent: i64, sticky: bool) -> Self {
        let (sign, mut magnitude) = mantissa.into_parts();
        let mut exponent = exponent;
        let excess = magnitude.bits().saturating_sub(PRECISION);
        if excess > 0 {
            let half = magnitude.bit(excess - 1);
            let below = sticky || magnitude.trailing_zeros().is_some_and(|z| z < excess - 1);
            magnitude >>= excess;
            exponent += excess.cast_signed();
            if half && (below || magnitude.bit(0)) {
                magnitude += 1u8;
            }
        }
        match magnitude.trailing_zeros() {
            Some(zeros) => {
                magnitude >>= zeros;
                exponent += zeros.cast_signed();
            }
            None => exponent = 0,
        }
        Self {
            mantissa: BigInt::from_biguint(sign, magnitude),
            exponent,
        }
    }

    /// Reads `12`, `-1.5` or `2e10`: what Terraform takes for a number in a string.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (digits, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i64>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = format!("{whole}{fraction}");
        if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let exponent = exponent - i64::try_from(fraction.len()).ok()?;
        if exponent.abs() > MAX_EXPONENT {
            return None;
        }
        let digits = BigInt::parse_bytes(all.as_bytes(), 10)?;
        let digits = if negative { -digits } else { digits };
        let power = BigInt::from(10u8).pow(u32::try_from(exponent.unsigned_abs()).ok()?);
        Some(if exponent >= 0 {
            Self::rounded(digits * power, 0, false)
        } else {
            Self::quotient(&digits, &power, 0)
        })
    }

    /// Reads an integer in a base from 2 to 36.
    pub(crate) fn parse_integer(text: &str, base: u32) -> Option<Self> {
        let digits = BigInt::parse_bytes(text.as_bytes(), base)?;
        Some(Self::rounded(digits, 0, false))
    }

    /// The nearest 64-bit float, for functions that Terraform itself computes with these.
    pub(crate) fn to_f64(&self) -> f64 {
        // Rust rounds a decimal to the nearest float, however many digits it has.
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    pub(crate) fn is_integer(&self) -> bool {
        self.exponent >= 0
    }

    fn integer(&self) -> Option<BigInt> {
        self.is_integer()
            .then(|| &self.mantissa << self.exponent.unsigned_abs())
    }

    pub(crate) fn to_i64(&self) -> Option<i64> {
        i64::try_from(self.integer()?).ok()
    }

    pub(crate) fn to_u64(&self) -> Option<u64> {
        u64::try_from(self.integer()?).ok()
    }

    pub(crate) fn to_usize(&self) -> Option<usize> {
        usize::try_from(self.integer()?).ok()
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.mantissa.sign() == Sign::NoSign
    }

    pub(crate) fn is_negative(&self) -> bool {
        self.mantissa.sign() == Sign::Minus
    }

    /// Both mantissas, shifted to one exponent.
    fn aligned(&self, other: &Self) -> (BigInt, BigInt, i64) {
        let exponent = self.exponent.min(other.exponent);
        let shift = |n: &Self| &n.mantissa << (n.exponent - exponent).unsigned_abs();
        (shift(self), shift(other), exponent)
    }

    pub(crate) fn add(&self, other: &Self) -> Self {
        let (a, b, exponent) = self.aligned(other);
        Self::rounded(a + b, exponent, false)
    }

    pub(crate) fn negate(&self) -> Self {
        Self {
            mantissa: -&self.mantissa,
            exponent: self.exponent,
        }
    }

    pub(crate) fn subtract(&self, other: &Self) -> Self {
        self.add(&other.negate())
    }

    pub(crate) fn multiply(&self, other: &Self) -> Self {
        let mantissa = &self.mantissa * &other.mantissa;
        Self::rounded(mantissa, self.exponent + other.exponent, false)
    }

    /// `None` if `other` is zero.
    pub(crate) fn divide(&self, other: &Self) -> Option<Self> {
        (!other.is_zero()).then(|| {
            let exponent = self.exponent - other.exponent;
            Self::quotient(&self.mantissa, &other.mantissa, exponent)
        })
    }

    fn quotient(dividend: &BigInt, divisor: &BigInt, exponent: i64) -> Self {
        // Two bits more than the precision, so that a half can be told from its neighbours.
        let shift = (PRECISION + 2 + divisor.bits()).saturating_sub(dividend.bits());
        let shifted = dividend << shift;
        let quotient = &shifted / divisor;
        let sticky = (&quotient * divisor) != shifted;
        Self::rounded(quotient, exponent - shift.cast_signed(), sticky)
    }

    /// The remainder, with the sign of `self`; `None` if `other` is zero.
    pub(crate) fn remainder(&self, other: &Self) -> Option<Self> {
        if other.is_zero() {
            return None;
        }
        let (a, b, exponent) = self.aligned(other);
        Some(Self::rounded(a % b, exponent, false))
    }

    pub(crate) fn abs(&self) -> Self {
        if self.is_negative() {
            self.negate()
        } else {
            self.clone()
        }
    }

    pub(crate) fn floor(&self) -> Self {
        if self.is_integer() {
            return self.clone();
        }
        // Shifting right rounds towards minus infinity.
        let whole = &self.mantissa >> self.exponent.unsigned_abs();
        Self::rounded(whole, 0, false)
    }

    pub(crate) fn ceil(&self) -> Self {
        self.negate().floor().negate()
    }

    /// The decimal digits, and how many of them stand before the point.
    fn digits(&self) -> (Vec<u8>, i64) {
        let magnitude = self.mantissa.magnitude();
        let (digits, shift) = if self.exponent >= 0 {
            let whole: BigUint = magnitude << self.exponent.unsigned_abs();
            (whole, 0)
        } else {
            let places = self.exponent.unsigned_abs();
            let power = BigUint::from(5u8).pow(u32::try_from(places).unwrap_or(u32::MAX));
            (magnitude * power, self.exponent)
        };
        let digits = digits.to_str_radix(10).into_bytes();
        let point = digits.len().cast_signed() as i64 + shift;
        (digits, point)
    }

    /// The fewest digits that still mean this number.
    fn shortest(&self) -> (Vec<u8>, i64) {
        let (exact, point) = self.digits();
        for length in 1..exact.len() {
            let (mut digits, mut point) = (exact[..length].to_vec(), point);
            if exact[length] >= b'5' {
                point += round_up(&mut digits);
            }
            let text = String::from_utf8_lossy(&digits).into_owned();
            let candidate = format!("{text}e{}", point - digits.len().cast_signed() as i64);
            if Self::parse(&candidate).is_some_and(|n| n == self.abs()) {
                return (digits, point);
            }
        }
        (exact, point)
    }
}

/// Adds one to the last digit; the answer is 1 if that made it a digit longer.
fn round_up(digits: &mut [u8]) -> i64 {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return 0;
        }
        *digit = b'0';
    }
    if let Some(first) = digits.first_mut() {
        *first = b'1';
    }
    1
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self::rounded(BigInt::from(value), 0, false)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::rounded(BigInt::from(value), 0, false)
    }
}

impl From<usize> for Number {
    fn from(value: usize) -> Self {
        Self::rounded(BigInt::from(value), 0, false)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b, _) = self.aligned(other);
        a.cmp(&b)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_negative() {
            f.write_str("-")?;
        }
        if let Some(whole) = self.integer() {
            return write!(f, "{}", whole.magnitude());
        }
        let (digits, point) = self.shortest();
        let digits = String::from_utf8_lossy(&digits);
        let digits = digits.trim_end_matches('0');
        match usize::try_from(point) {
            Ok(point) if point > 0 && point < digits.len() => {
                write!(f, "{}.{}", &digits[..point], &digits[point..])
            }
            Ok(point) if point > 0 => {
                write!(f, "{digits}{}", "0".repeat(point - digits.len()))
            }
            _ => {
                let zeros = usize::try_from(-point).unwrap_or(0);
                write!(f, "0.{}{digits}", "0".repeat(zeros))
            }
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn numbers_print_as_terraform_prints_them() {
        let cases = [
            ("0", "0"),
            ("-0", "0"),
            ("007", "7"),
            ("1.50", "1.5"),
            ("-1.25", "-1.25"),
            ("1e3", "1000"),
            ("12e-3", "0.012"),
            ("1e-7", "0.0000001"),
            (
                "100000000000000000000000000001",
                "100000000000000000000000000001",
            ),
            ("0.1", "0.1"),
            ("9.99999999999999999999", "9.99999999999999999999"),
        ];
        for (text, shown) in cases {
            assert_eq!(n(text).to_string(), shown, "for {text}");
        }
        for text in [
            "",
            "-",
            ".",
            "1x",
            "0x10",
            "1e",
            "e1",
            "1_000",
            "1e99999999",
        ] {
            assert_eq!(Number::parse(text), None, "for {text}");
        }
    }

    #[test]
    fn arithmetic_has_512_bits() {
        assert_eq!(n("0.1").add(&n("0.2")).to_string(), "0.3");
        assert_eq!(n("0.1").multiply(&n("3")).to_string(), "0.3");
        assert_eq!(n("10").divide(&n("4")).unwrap().to_string(), "2.5");
        let third = n("1").divide(&n("3")).unwrap().to_string();
        assert!(third.starts_with("0.3333333333333333333333333333333333"));
        assert_eq!(third.len(), "0.".len() + 155);
        assert_eq!(n("1").divide(&n("0")), None);
        assert_eq!(n("-7").remainder(&n("3")).unwrap(), n("-1"));
        assert_eq!(n("7.5").remainder(&n("2")).unwrap(), n("1.5"));
        assert_eq!(n("2").remainder(&n("0")), None);
    }

    #[test]
    fn floors_ceilings_and_conversions() {
        for (text, floor, ceil) in [
            ("1.5", "1", "2"),
            ("-1.5", "-2", "-1"),
            ("3", "3", "3"),
            ("0.1", "0", "1"),
            ("-0.1", "-1", "0"),
        ] {
            assert_eq!(n(text).floor(), n(floor));
            assert_eq!(n(text).ceil(), n(ceil));
        }
        assert_eq!(n("18446744073709551615").to_u64(), Some(u64::MAX));
        assert_eq!(n("-1").to_u64(), None);
        assert_eq!(n("1.5").to_i64(), None);
        assert_eq!(Number::parse_integer("-ff", 16).unwrap(), n("-255"));
        assert!(n("2") > n("1.5") && n("-2") < n("0.001"));
    }
}
