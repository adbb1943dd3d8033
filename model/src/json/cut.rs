//! Cutting: where values begin and end, by quotes and brackets alone.

/// Cuts an object into its members: the raw key between its quotes, and the value's bytes.
/// `Err` carries the offset where the text stopped making sense, and ends the iteration.
pub(crate) struct Members<'a>(Cutter<'a>);

/// Cuts an array into its elements' bytes, as [`Members`] does an object.
pub(crate) struct Elements<'a>(Cutter<'a>);

impl<'a> Members<'a> {
    /// `None` if `bytes` do not begin with `{`.
    pub(crate) fn of(bytes: &'a [u8]) -> Option<Self> {
        Cutter::new(bytes, b'{', b'}').map(Self)
    }
}

impl<'a> Elements<'a> {
    /// `None` if `bytes` do not begin with `[`.
    pub(crate) fn of(bytes: &'a [u8]) -> Option<Self> {
        Cutter::new(bytes, b'[', b']').map(Self)
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), usize>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next(|cut| {
            let key = cut.value().filter(|key| key.first() == Some(&b'"'))?;
            cut.space();
            if cut.bytes.get(cut.at) != Some(&b':') {
                return None;
            }
            cut.at += 1;
            cut.space();
            Some((&key[1..key.len() - 1], cut.value()?))
        })
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<&'a [u8], usize>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next(Cutter::value)
    }
}

struct Cutter<'a> {
    bytes: &'a [u8],
    at: usize,
    close: u8,
    first: bool,
    done: bool,
}

impl<'a> Cutter<'a> {
    fn new(bytes: &'a [u8], open: u8, close: u8) -> Option<Self> {
        let mut cut = Self { bytes, at: 0, close, first: true, done: false };
        cut.space();
        let opened = bytes.get(cut.at) == Some(&open);
        cut.at += 1;
        opened.then_some(cut)
    }

    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn next<T>(&mut self, item: impl FnOnce(&mut Self) -> Option<T>) -> Option<Result<T, usize>> {
        if self.done {
            return None;
        }
        self.space();
        match self.bytes.get(self.at) {
            Some(byte) if *byte == self.close => {
                self.at += 1;
                self.space();
                self.done = true;
                return (self.at != self.bytes.len()).then_some(Err(self.at));
            }
            Some(b',') if !self.first => {
                self.at += 1;
                self.space();
            }
            Some(_) if self.first => {}
            _ => return self.stop(),
        }
        self.first = false;
        match item(self) {
            Some(item) => Some(Ok(item)),
            None => self.stop(),
        }
    }

    fn stop<T>(&mut self) -> Option<Result<T, usize>> {
        self.done = true;
        Some(Err(self.at))
    }

    /// The bytes of the value here: a string to its quote, a container to the bracket that closes
    /// it, anything else to the next delimiter. Depth is a count, so nesting costs no memory.
    fn value(&mut self) -> Option<&'a [u8]> {
        let from = self.at;
        let mut depth = 0u32;
        loop {
            match *self.bytes.get(self.at)? {
                b'"' => self.skip_string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                _ if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                _ => {
                    let scalar =
                        |b: &u8| !matches!(b, b',' | b'}' | b']' | b':' | b'"' | b'{' | b'[' | 0..=b' ');
                    self.at += self.bytes[self.at..].iter().take_while(|b| scalar(b)).count();
                }
            }
            if depth == 0 {
                return (self.at > from).then(|| &self.bytes[from..self.at]);
            }
        }
    }

    fn skip_string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            let rest = &self.bytes[self.at..];
            let length = rest.iter().position(|b| matches!(b, b'"' | b'\\'))?;
            self.at += length + 1;
            if rest[length] == b'"' {
                return Some(());
            }
            self.at += 1;
            if self.at > self.bytes.len() {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_keeps_broken_neighbours_apart() {
        let pieces: Vec<_> =
            Elements::of(br#" [ {"a":tru}, "x,]\"" ,[[{"}":1}]],-1.5, nonsense ] "#).unwrap().collect();
        let wanted: Vec<&[u8]> =
            vec![br#"{"a":tru}"#, br#""x,]\"""#, br#"[[{"}":1}]]"#, b"-1.5", b"nonsense"];
        assert_eq!(pieces, wanted.into_iter().map(Ok).collect::<Vec<_>>());
        assert!(Elements::of(b"[]").unwrap().next().is_none());
        for bad in ["[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1]x", r#"["a]"#, r#"["\"#, "[{]"] {
            assert!(Elements::of(bad.as_bytes()).unwrap().any(|piece| piece.is_err()), "{bad}");
        }
    }
}
