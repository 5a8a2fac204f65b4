//! What a certificate says of itself: who issued it, for which names, until when (RFC 5280).

use std::net::{Ipv4Addr, Ipv6Addr};

use der::{
    ErrorKind, Reader, SliceReader, Tag, Tagged,
    asn1::{AnyRef, GeneralizedTime, ObjectIdentifier, UtcTime},
};

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Who issued it.
    pub issuer: String,
    /// The names it is for.
    pub names: Vec<String>,
    /// When its time is over, in seconds since 1970.
    pub not_after: i64,
}

impl Certificate {
    /// Nothing where it is no certificate, or its time is written in a way that RFC 5280 forbids; no verifier takes those.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let mut certificate = SliceReader::new(der).and_then(|mut whole| inside(&mut whole, Tag::Sequence)).ok()?;
        Self::fields(inside(&mut certificate, Tag::Sequence).ok()?).ok()
    }

    /// What is shown of the fields of RFC 5280, 4.1; the others are passed over.
    fn fields(mut fields: SliceReader<'_>) -> der::Result<Self> {
        let version = numbered(Tag::peek(&fields)?) == Some(0);
        for _ in 0..if version { 3 } else { 2 } {
            // The version, the serial number, the algorithm of the signature.
            fields.decode::<AnyRef<'_>>()?;
        }
        let issuer = distinguished(inside(&mut fields, Tag::Sequence)?)?;
        let mut validity = inside(&mut fields, Tag::Sequence)?;
        validity.decode::<AnyRef<'_>>()?;
        let not_after = moment(validity.decode()?)?;
        let mut alternatives = Vec::new();
        while !fields.is_finished() {
            let field: AnyRef<'_> = fields.decode()?;
            if numbered(field.tag()) == Some(3) {
                let mut extensions = inside(&mut SliceReader::new(field.value())?, Tag::Sequence)?;
                while !extensions.is_finished() {
                    let mut extension = inside(&mut extensions, Tag::Sequence)?;
                    let mut last: AnyRef<'_> = extension.decode()?;
                    let is_alternatives = last.value() == SUBJECT_ALTERNATIVE_NAME;
                    while !extension.is_finished() {
                        last = extension.decode()?;
                    }
                    alternatives.extend(is_alternatives.then_some(last.value()));
                }
            }
        }
        // Two of them contradict each other.
        let names = if let [one] = alternatives[..] { names(one).unwrap_or_default() } else { Vec::new() };
        Ok(Self { issuer, names, not_after })
    }
}

/// 2.5.29.17, as certificates spell it.
const SUBJECT_ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// What parts of names are called; others are shown by their numbers.
const PARTS: &[(&str, &str)] = &[
    ("2.5.4.3", "CN"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "Email"),
    ("0.9.2342.19200300.100.1.1", "uid"),
    ("2.5.4.4", "surname"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.9", "streetAddress"),
    ("2.5.4.12", "title"),
    ("2.5.4.13", "description"),
    ("2.5.4.15", "businessCategory"),
    ("2.5.4.16", "postalAddress"),
    ("2.5.4.17", "postalCode"),
    ("2.5.4.41", "name"),
    ("2.5.4.42", "givenName"),
    ("2.5.4.43", "initials"),
    ("2.5.4.44", "generationQualifier"),
    ("2.5.4.46", "dnQualifier"),
    ("1.3.6.1.4.1.311.60.2.1.1", "msJurisdictionLocality"),
    ("1.3.6.1.4.1.311.60.2.1.2", "msJurisdictionStateOrProvince"),
    ("1.3.6.1.4.1.311.60.2.1.3", "msJurisdictionCountry"),
];

/// The number of a field that has one instead of a type.
fn numbered(tag: Tag) -> Option<u32> {
    if let Tag::ContextSpecific { number, .. } = tag { Some(number.value()) } else { None }
}

/// The contents of the next element, which is of this type.
fn inside<'a>(reader: &mut SliceReader<'a>, tag: Tag) -> der::Result<SliceReader<'a>> {
    let element: AnyRef<'_> = reader.decode()?;
    element.tag().assert_eq(tag)?;
    SliceReader::new(element.value())
}

/// Seconds since 1970.
fn moment(time: AnyRef<'_>) -> der::Result<i64> {
    let since = match time.tag() {
        Tag::UtcTime => time.decode_as::<UtcTime>()?.to_unix_duration(),
        _ => time.decode_as::<GeneralizedTime>()?.to_unix_duration(),
    };
    i64::try_from(since.as_secs()).map_err(|_| ErrorKind::DateTime.into())
}

/// Who somebody is, in the order of the certificate: `C=CN, O=An Authority, CN=Its Root`.
fn distinguished(mut sequence: SliceReader<'_>) -> der::Result<String> {
    let mut steps = Vec::new();
    while !sequence.is_finished() {
        let (mut set, mut parts) = (inside(&mut sequence, Tag::Set)?, Vec::new());
        while !set.is_finished() {
            let mut part = inside(&mut set, Tag::Sequence)?;
            let kind = part.decode::<ObjectIdentifier>()?.to_string();
            let kind =
                PARTS.iter().find(|(id, _)| *id == kind).map_or(format!("OID({kind})"), |(_, name)| (*name).into());
            parts.push(format!("{kind}={}", text(part.decode()?)));
        }
        steps.push(parts.join(" + "));
    }
    Ok(steps.join(", "))
}

/// One of the many kinds of text, or what is none in hexadecimal digits.
fn text(value: AnyRef<'_>) -> String {
    match value.tag() {
        Tag::BmpString => {
            let units =
                value.value().chunks(2).map(|unit| unit.iter().fold(0, |all, byte| all << 8 | u16::from(*byte)));
            char::decode_utf16(units).map(|found| found.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        Tag::Utf8String
        | Tag::PrintableString
        | Tag::Ia5String
        | Tag::NumericString
        | Tag::TeletexString
        | Tag::VideotexString
        | Tag::VisibleString
        | Tag::GeneralString => String::from_utf8_lossy(value.value()).into_owned(),
        _ => value.value().iter().map(|byte| format!("{byte:02X}")).collect(),
    }
}

/// The hosts and addresses among the names; mail addresses and others do not matter.
fn names(alternatives: &[u8]) -> der::Result<Vec<String>> {
    let (mut sequence, mut names) = (inside(&mut SliceReader::new(alternatives)?, Tag::Sequence)?, Vec::new());
    while !sequence.is_finished() {
        let name: AnyRef<'_> = sequence.decode()?;
        let bytes = name.value();
        names.extend(match numbered(name.tag()) {
            Some(2) => str::from_utf8(bytes).ok().map(str::to_owned),
            Some(7) => <[u8; 4]>::try_from(bytes)
                .map(|bytes| Ipv4Addr::from(bytes).to_string())
                .or_else(|_| <[u8; 16]>::try_from(bytes).map(|bytes| Ipv6Addr::from(bytes).to_string()))
                .ok(),
            _ => None,
        });
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::Certificate;

    fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let contents = parts.concat();
        let length = u16::try_from(contents.len()).expect("small");
        let mut all = vec![tag];
        match length {
            0..128 => all.push(length as u8),
            _ => all.extend([&[0x82][..], &length.to_be_bytes()].concat()),
        }
        all.extend(contents);
        all
    }

    /// A certificate of version 3, or of version 1 without alternative names.
    fn certificate(issuer: &[(&[u8], u8, &[u8])], until: (u8, &str), alternatives: &[&[(u8, &[u8])]]) -> Vec<u8> {
        let issuer = issuer
            .iter()
            .map(|(kind, tag, value)| der(0x31, &[&der(0x30, &[&der(0x06, &[kind]), &der(*tag, &[value])])]));
        let extensions: Vec<Vec<u8>> = alternatives
            .iter()
            .map(|names| {
                let names: Vec<u8> = names.iter().flat_map(|(tag, name)| der(*tag, &[name])).collect();
                let value = der(0x04, &[&der(0x30, &[&names])]);
                der(0x30, &[&der(0x06, &[b"\x55\x1d\x11"]), &der(0x01, &[b"\xff"]), &value])
            })
            .collect();
        let version = der(0xa0, &[&der(0x02, &[b"\x02"])]);
        let fields = [
            der(0x02, &[b"\x01"]),
            der(0x30, &[]),
            der(0x30, &[&issuer.collect::<Vec<_>>().concat()]),
            der(0x30, &[&der(0x17, &[b"200101000000Z"]), &der(until.0, &[until.1.as_bytes()])]),
            der(0x30, &[]),
            der(0x30, &[]),
        ];
        let last = der(0xa3, &[&der(0x30, &[&extensions.concat()])]);
        let fields = if alternatives.is_empty() { fields.concat() } else { [version, fields.concat(), last].concat() };
        der(0x30, &[&der(0x30, &[&fields]), &der(0x30, &[]), &der(0x03, &[b"\0"])])
    }

    const CN: &[u8] = b"\x55\x04\x03";
    const O: &[u8] = b"\x55\x04\x0a";
    const IDENTIFIER: &[u8] = b"\x55\x04\x61";
    const UTC: (u8, &str) = (0x17, "270131120000Z");

    #[test]
    fn odd_certificates_are_read_as_well() {
        for (case, bytes, issuer, names, not_after) in [
            (
                "text of many kinds",
                certificate(&[(O, 0x0c, "机构".as_bytes()), (CN, 0x13, b"Root")], UTC, &[&[(0x82, b"a.example")]]),
                "O=机构, CN=Root",
                &["a.example"][..],
                1_801_396_800,
            ),
            (
                "no common name, UTF-16, a number instead of a name, no text, Latin-1",
                certificate(
                    &[(O, 0x1e, b"\x6f\x22\0A"), (IDENTIFIER, 0x16, b"x"), (O, 0x04, b"\x0a\xff"), (O, 0x14, b"\xc4")],
                    UTC,
                    &[],
                ),
                "O=漢A, OID(2.5.4.97)=x, O=0AFF, O=\u{fffd}",
                &[],
                1_801_396_800,
            ),
            (
                "addresses, and names of other kinds",
                certificate(
                    &[],
                    (0x18, "20500101000000Z"),
                    &[&[
                        (0x87, &[127, 0, 0, 1]),
                        (0x87, &[0; 16]),
                        (0x87, &[1, 2]),
                        (0x81, b"a@b"),
                        (0x82, "例え".as_bytes()),
                        (0x82, b"\xff"),
                    ]],
                ),
                "",
                &["127.0.0.1", "::", "例え"],
                2_524_608_000,
            ),
            ("alternatives twice", certificate(&[], UTC, &[&[(0x82, b"a")], &[(0x82, b"b")]]), "", &[], 1_801_396_800),
        ] {
            let names = names.iter().map(ToString::to_string).collect();
            assert_eq!(
                Certificate::read(&bytes),
                Some(Certificate { issuer: issuer.to_owned(), names, not_after }),
                "{case}"
            );
            for end in 0..bytes.len() {
                assert_eq!(Certificate::read(&bytes[..end]), None, "{case}, {end} bytes");
            }
        }
    }

    #[test]
    fn what_is_no_certificate_is_not_read() {
        for until in [(0x17, "270131120000"), (0x17, "2701311200Z"), (0x18, "20279931120000Z"), (0x0c, "2027")] {
            assert_eq!(Certificate::read(&certificate(&[], until, &[])), None, "{until:?}");
        }
        assert_eq!(Certificate::read(b"-----BEGIN CERTIFICATE-----"), None);
    }
}
