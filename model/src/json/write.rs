//! Writing, without the formatting machinery of the standard library.

use alloc::string::String;

/// Appends `text` as a JSON string, quotes included.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(crate) fn push_string(text: &str, out: &mut String) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(text.get(plain..at).unwrap_or_default());
        plain = at + 1;
        out.push('\\');
        let short = b"\n\r\t".iter().position(|b| *b == byte);
        let escape = short.map_or(byte, |index| b"nrt"[index]);
        if escape >= 0x20 {
            out.push(char::from(escape));
        } else {
            out.push_str("u00");
            push_hex(&[byte], out);
        }
    }
    out.push_str(text.get(plain..).unwrap_or_default());
    out.push('"');
}

/// Appends `bytes` in lower-case hex.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(crate) fn push_hex(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            out.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
        }
    }
}

/// Appends `value` in decimal, with zeros before it up to `digits`. Formatting machinery would cost
/// the page some kilobytes.
pub(crate) fn push_padded(value: u32, digits: usize, out: &mut String) {
    let mut buffer = [b'0'; 10];
    let mut at = buffer.len();
    let mut rest = value;
    while rest > 0 || buffer.len() - at < digits.max(1) {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    for digit in &buffer[at..] {
        out.push(char::from(*digit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn padded_numbers(value: u32, digits in 0usize..=10) {
            let mut text = String::new();
            push_padded(value, digits, &mut text);
            prop_assert_eq!(text, format!("{value:0digits$}"));
        }
    }
}
