//! Addresses in headers (RFC 3261 sections 20.10 and 25.1): where the URI is, and what follows it.

/// The value of From, To, Contact, Route or Record-Route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NameAddr<'a> {
    /// What stands before the parameters: display name and brackets, or a bare URI.
    pub(crate) whole: &'a str,
    /// The URI as it stands, with its own parameters.
    pub(crate) uri: &'a str,
    /// The header's parameters, from their first semicolon on.
    pub(crate) params: &'a str,
}

impl<'a> NameAddr<'a> {
    /// Reads one value; `None` if brackets or quotes do not end, or there is nothing.
    pub(crate) fn read(value: &'a str) -> Option<Self> {
        let value = value.trim();
        let (uri, end) = match outside_quotes(value, '<')? {
            Some(open) => {
                let rest = &value[open + 1..];
                let close = rest.find('>')?;
                (&rest[..close], open + 1 + close + 1)
            }
            None => {
                // Without brackets every parameter is the header's (section 20.10).
                let end = value.find([';', '?', ' ', '\t']).unwrap_or(value.len());
                (&value[..end], end)
            }
        };
        let rest = &value[end..];
        let params = rest.find(';').map_or("", |at| &rest[at..]);
        let uri = uri.trim();
        (!uri.is_empty()).then_some(Self { whole: value[..end].trim(), uri, params })
    }

    /// The value of one of the header's parameters; empty if it has none.
    pub(crate) fn param(&self, name: &str) -> Option<&'a str> {
        params(self.params).find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The header's parameters but this one.
    pub(crate) fn params_but(&self, name: &str) -> String {
        let others = params(self.params).filter(|(n, _)| !n.eq_ignore_ascii_case(name));
        let written = others.map(|(n, value)| match value {
            "" => format!(";{n}"),
            value => format!(";{n}={value}"),
        });
        written.collect()
    }
}

/// The parameters of a URI, and whether one of them bears this name.
pub(crate) fn uri_has_param(uri: &str, name: &str) -> bool {
    let path = uri.split('?').next().unwrap_or_default();
    // A semicolon before the `@` is part of the user (section 19.1.2).
    let host = path.rsplit_once('@').map_or(path, |(_, host)| host);
    host.find(';').is_some_and(|at| params(&host[at..]).any(|(n, _)| n.eq_ignore_ascii_case(name)))
}

/// Splits a list header at commas outside of quotes and angle brackets.
pub(crate) fn split_list(value: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0u32, 0);
    for (at, c) in unquoted(value) {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(value[start..at].trim().to_owned());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(value[start..].trim().to_owned());
    parts.retain(|part| !part.is_empty());
    parts
}

/// Names and values; blanks around `=` mean nothing (section 25.1, `EQUAL`).
fn params(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start().strip_prefix(';')?;
        let end = unquoted(rest).find(|(_, c)| *c == ';').map_or(rest.len(), |(at, _)| at);
        let (own, after) = rest.split_at(end);
        rest = after;
        let (name, value) = own.split_once('=').unwrap_or((own, ""));
        Some((name.trim(), value.trim()))
    })
}

/// Where a character stands first outside of quotes; the outer `None` if a quote does not end.
fn outside_quotes(value: &str, wanted: char) -> Option<Option<usize>> {
    let mut characters = unquoted(value);
    let found = characters.by_ref().find(|(_, c)| *c == wanted).map(|(at, _)| at);
    (found.is_some() || !characters.quoted).then_some(found)
}

/// The characters outside of quoted strings, in which a backslash hides what follows.
fn unquoted(value: &str) -> Unquoted<'_> {
    Unquoted { characters: value.char_indices(), quoted: false }
}

struct Unquoted<'a> {
    characters: std::str::CharIndices<'a>,
    quoted: bool,
}

impl Iterator for Unquoted<'_> {
    type Item = (usize, char);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (at, c) = self.characters.next()?;
            match (self.quoted, c) {
                (_, '"') => self.quoted = !self.quoted,
                (true, '\\') => drop(self.characters.next()),
                (true, _) => {}
                (false, _) => return Some((at, c)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uri_is_what_stands_in_the_brackets_outside_of_quotes() {
        for (value, want) in [
            ("<sip:a@b>;tag=1", Some(("sip:a@b", ";tag=1"))),
            ("sip:a@b;tag=1", Some(("sip:a@b", ";tag=1"))),
            ("Bob <sip:a;x=y@b;lr>", Some(("sip:a;x=y@b;lr", ""))),
            ("\"Bob <sip:x@y>\" <sip:a@b>;q=1", Some(("sip:a@b", ";q=1"))),
            (r#""a \" <sip:x@y>" <sip:a%40c@b>"#, Some(("sip:a%40c@b", ""))),
            (r#""\\" <sip:a@b>"#, Some(("sip:a@b", ""))),
            ("< sip:a@b > ; tag = 1", Some(("sip:a@b", "; tag = 1"))),
            ("tel:+86138;phone-context=x", Some(("tel:+86138", ";phone-context=x"))),
            ("\"Bob <sip:a@b>", None),
            ("<sip:a@b", None),
            ("<>", None),
            ("", None),
        ] {
            let got = NameAddr::read(value);
            assert_eq!(got.map(|a| (a.uri, a.params)), want, "{value}");
        }
    }

    #[test]
    fn parameters_are_found_whatever_blanks_and_quotes_there_are() {
        let address = NameAddr::read("\"x\" <sip:a@b> ; tag = 1 ;+i=\"a;tag=9\"; lr").unwrap();
        assert_eq!(address.whole, "\"x\" <sip:a@b>");
        assert_eq!(address.param("Tag"), Some("1"));
        assert_eq!(address.param("lr"), Some(""));
        assert_eq!(address.param("x"), None);
        assert_eq!(address.params_but("tag"), ";+i=\"a;tag=9\";lr");
    }

    #[test]
    fn a_parameter_of_a_uri_stands_behind_its_host() {
        assert!(uri_has_param("sip:p;LR", "lr"));
        assert!(uri_has_param("sip:p;a=b;lr=on?x=y", "lr"));
        assert!(!uri_has_param("sip:a;lr@p", "lr"));
        assert!(!uri_has_param("sip:p?lr", "lr"));
        assert!(!uri_has_param("sip:p;lrx", "lr"));
    }

    #[test]
    fn route_lists_are_split_outside_of_brackets() {
        for (value, want) in [
            ("<sip:a;lr>", vec!["<sip:a;lr>"]),
            ("<sip:a,b;lr> , \"x,y\" <sip:c>", vec!["<sip:a,b;lr>", "\"x,y\" <sip:c>"]),
            (r#""\",<" <sip:a>,<sip:b>"#, vec![r#""\",<" <sip:a>"#, "<sip:b>"]),
            ("", vec![]),
        ] {
            assert_eq!(split_list(value), want, "{value}");
        }
    }
}
