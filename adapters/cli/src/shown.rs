//! Makes foreign text fit to be shown: what moves the terminal is escaped, what is long is cut, and what is secret is left out.

/// The most characters that are shown of one foreign text.
const LONGEST: usize = 100;

/// Escapes what moves the terminal or hides itself on it, except for the ends of lines.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && moves(c) { plain.extend(c.escape_unicode()) } else { plain.push(c) }
    }
    plain
}

/// Escapes a text of a server or a file, ends of lines included, and cuts it after 100 characters.
pub(crate) fn foreign(text: &str) -> String {
    cut(&plain(text).replace('\n', "\\n"), LONGEST)
}

/// Cuts a text to this many characters, the last of them `…`.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.into();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Leaves the user and password out of each address in a text, and the query too if that is asked for.
#[cfg_attr(not(feature = "ureq"), cfg(test))]
pub(crate) fn without_secrets(text: &str, hides_queries: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        shown.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "\"'<>".contains(c)).unwrap_or(after.len());
        let (address, later) = after.split_at(end);
        let host = address.find(['/', '?', '#', '\\']).unwrap_or(address.len());
        // What is before an @ may be a password with a slash in it.
        let user = address[..host].rfind('@').or_else(|| address[..address.find('?').unwrap_or(end)].rfind('@'));
        let mut address = user.map_or(address, |at| &address[at + 1..]);
        let query = address.find('?').filter(|_| hides_queries);
        if let Some(query) = query {
            address = &address[..query];
        }
        shown.push_str(address);
        shown.push_str(if query.is_some() { "?…" } else { "" });
        rest = later;
    }
    shown + rest
}

/// Returns whether a character is a control character, changes the direction of text, or has no width.
fn moves(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_the_terminal_is_escaped() {
        for (text, shown) in [
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("a\u{9b}2Jb\r", "a\\u{9b}2Jb\\u{d}"),
            ("\u{202e}gnp.exe", "\\u{202e}gnp.exe"),
            ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
            ("größer → 5", "größer → 5"),
        ] {
            assert_eq!(plain(text), shown);
        }
        assert_eq!(plain("a\nb"), "a\nb");
        assert_eq!(foreign("a\nb"), "a\\nb");
    }

    #[test]
    fn what_is_long_is_cut() {
        assert_eq!(foreign(&"x".repeat(100)), "x".repeat(100));
        assert_eq!(foreign(&"x".repeat(60_000)), "x".repeat(99) + "…");
        assert_eq!(cut("größer", 3), "gr…");
    }

    #[test]
    fn users_passwords_and_queries_are_left_out() {
        for (text, shown) in [
            ("http://alice:PW@host/x?y=1", "http://host/x?y=1"),
            ("http://alice:P@W@host/x", "http://host/x"),
            ("http://alice:P/W@host/x", "http://host/x"),
            ("bad uri: http://a:b@c, and 'https://d:e@f/'", "bad uri: http://c, and 'https://f/'"),
            ("http://host/x?to=me@there", "http://host/x?to=me@there"),
            ("no address: a@b", "no address: a@b"),
        ] {
            assert_eq!(without_secrets(text, false), shown);
        }
        assert_eq!(without_secrets("http://a:b@c/d?sig=TOKEN", true), "http://c/d?…");
        assert_eq!(without_secrets("http://c/d?sig=TOKEN refused", true), "http://c/d?… refused");
    }
}
