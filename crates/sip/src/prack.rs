//! Reliable provisional responses (RFC 3262): which ones want a PRACK.

use rsipstack::sip::{Header, HeadersExt, Response};

use crate::body::description;
use crate::dialog::remote_tag;

/// Branches of a forked INVITE that are acknowledged; what exceeds it is not.
const MAX_BRANCHES: usize = 8;

/// What one branch has sent.
struct Branch {
    tag: String,
    last: u32,
    /// Its answer to our offer: the first reliable description (RFC 3262 section 5).
    answer: Option<String>,
}

/// The reliable responses to one INVITE.
#[derive(Default)]
pub(crate) struct Reliable {
    branches: Vec<Branch>,
}

impl Reliable {
    /// The value of `RAck` if this response wants a PRACK: it is reliable, and the next of its
    /// branch. Others are repetitions, whose PRACK is repeated by its transaction, or came too
    /// early and will come again.
    pub(crate) fn take(&mut self, response: &Response) -> Option<String> {
        let number = number(response)?;
        let tag = remote_tag(response)?;
        let cseq = response.cseq_header().ok()?.value().trim().to_owned();
        let at = self.branches.iter().position(|b| b.tag == tag);
        let branch = match at {
            Some(at) => {
                let branch = self.branches.get_mut(at)?;
                if Some(number) != branch.last.checked_add(1) {
                    return None;
                }
                branch.last = number;
                branch
            }
            None if self.branches.len() >= MAX_BRANCHES => return None,
            None => {
                self.branches.push(Branch { tag, last: number, answer: None });
                self.branches.last_mut()?
            }
        };
        let said = description(&response.headers, &response.body);
        branch.answer = branch.answer.take().or(said);
        Some(format!("{number} {cseq}"))
    }

    /// What the branch that answered had said before, reliably.
    pub(crate) fn description(&self, answer: &Response) -> Option<String> {
        let tag = remote_tag(answer)?;
        self.branches.iter().find(|b| b.tag == tag)?.answer.clone()
    }
}

/// `RSeq`, if the response is to be acknowledged at all.
fn number(response: &Response) -> Option<u32> {
    let code = response.status_code.code();
    let required = response.headers.iter().any(|header| match header {
        Header::Require(list) => {
            list.value().split(',').any(|tag| tag.trim().eq_ignore_ascii_case("100rel"))
        }
        _ => false,
    });
    if !(101..200).contains(&code) || !required {
        return None;
    }
    response.headers.iter().find_map(|header| match header {
        Header::RSeq(value) => value.value().trim().parse().ok(),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(tag: &str, rseq: &str, body: &str) -> Response {
        let text = format!(
            "SIP/2.0 183 Progress\r\nVia: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKx\r\n\
             From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag={tag}\r\nCall-ID: x\r\n\
             CSeq: 7 INVITE\r\n{rseq}Content-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Response::try_from(text.as_str()).unwrap()
    }

    #[test]
    fn each_reliable_response_is_acknowledged_once_and_in_order() {
        let mut reliable = Reliable::default();
        let require = |n: u32| format!("Require: 100rel\r\nRSeq: {n}\r\n");
        for (tag, rseq, want) in [
            ("a", require(8), Some("8 7 INVITE")),
            ("a", require(8), None),
            ("a", require(10), None),
            ("a", require(9), Some("9 7 INVITE")),
            ("b", require(1), Some("1 7 INVITE")),
            ("a", "RSeq: 10\r\n".to_owned(), None),
            ("a", "Require: 100rel\r\n".to_owned(), None),
            ("a", "Require: 100rel\r\nRSeq: -1\r\n".to_owned(), None),
        ] {
            assert_eq!(reliable.take(&response(tag, &rseq, "")).as_deref(), want, "{tag} {rseq}");
        }
    }

    #[test]
    fn the_first_reliable_description_of_a_branch_is_its_answer() {
        let mut reliable = Reliable::default();
        let require = |n: u32| format!("Require: 100rel\r\nRSeq: {n}\r\n");
        reliable.take(&response("a", &require(1), ""));
        reliable.take(&response("a", &require(2), "v=0\r\n"));
        reliable.take(&response("a", &require(3), "v=1\r\n"));
        let answer = response("a", "", "");
        assert_eq!(reliable.description(&answer).as_deref(), Some("v=0\r\n"));
        assert_eq!(reliable.description(&response("b", "", "")), None);
    }
}
