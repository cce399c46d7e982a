//! Tables of source and what the scanner must count in it.

use super::super::blank::blank;
use super::*;

fn found(source: &str) -> Vec<Item> {
    items(&without_tests(&tokens(&blank(source))))
}

fn check(source: &str, name: &str, kind: Kind) {
    let all = found(source);
    let item = all.iter().find(|i| i.name == name);
    assert_eq!(item.map(|i| i.kind), Some(kind), "{source}: {all:?}");
}

#[test]
fn arguments_are_counted_without_the_receiver() {
    for (source, arguments) in [
        ("fn f() {}", 0),
        ("fn f(a: u8, b: u8,) -> u8 { 1 }", 2),
        ("fn f(&self, a: u8) {}", 1),
        ("fn f<'a>(&'a mut self, a: u8) {}", 1),
        ("fn f(self: Arc<Self>, a: HashMap<u8, Vec<u8>>) {}", 1),
        ("fn f<F: Fn(u8, u8) -> u8, const N: usize>(f: F, a: [u8; N]) {}", 2),
        ("fn f(f: fn(u8, u8) -> Result<u8, u8>, (a, b): (u8, u8)) where u8: X {}", 2),
        ("fn f(this: u8, myself: u8);", 2),
    ] {
        check(source, "f", Kind::Function { arguments });
    }
}

#[test]
fn a_function_is_as_long_as_from_its_keyword_to_its_closing_brace() {
    for (source, lines) in [
        ("fn f() {}", 1),
        ("#[a]\npub fn f(\n  a: u8,\n) {\n  b(\"}\"); // }\n  '}';\n}\nfn g() {}", 6),
        ("trait T {\n  fn f(\n  a: [u8; 2]) -> [u8; 2];\n}", 2),
        ("fn f() -> [u8; 2]\nwhere\n  X: Y,\n{\n  if a { b } else { c }\n}", 6),
    ] {
        let all = found(source);
        let item = all.iter().find(|i| i.name == "f");
        assert_eq!(item.map(Item::lines), Some(lines), "{source}");
    }
}

#[test]
fn fields_are_counted() {
    for (source, fields) in [
        ("struct S;", 0),
        ("struct S(u8, Vec<(u8, u8)>);", 2),
        ("pub struct S<T: Fn(u8) -> u8> { #[a(b, c)] x: Map<u8, T>, pub y: u8 }", 2),
        ("struct S<T> where T: Fn(u8), { x: T }", 1),
        ("struct S { // a, b\n x: [u8; 3], y: fn(u8, u8) -> u8, }", 2),
    ] {
        check(source, "S", Kind::Struct { fields });
    }
}

#[test]
fn variants_are_counted_and_named() {
    for (source, names) in [
        ("enum E { A, B(u8, u8), C { x: u8, y: u8 } }", vec!["A", "B", "C"]),
        ("enum E { #[d(x, y)] A = 1 << 2, B = 3, }", vec!["A", "B"]),
        ("enum E<T> { /* A, */ #[error(\"x, y\")] A(Map<T, T>) }", vec!["A"]),
    ] {
        check(source, "E", Kind::Enum { variants: names.len() });
        assert_eq!(found(source)[0].variants, names, "{source}");
    }
}

#[test]
fn tests_are_left_out() {
    for (source, names) in [
        ("fn a() {}\n#[cfg(test)]\nmod tests { fn b() {} }\nfn c() {}", vec!["a", "c"]),
        ("#[cfg(test)]\n#[path = \"x.rs\"]\nmod tests;\nfn c() {}", vec!["c"]),
        ("#[cfg(all(test, unix))]\nfn b() { x; y }\nfn c() {}", vec!["c"]),
        ("#[cfg(not(test))]\nfn b() {}", vec!["b"]),
        ("#![cfg(test)]\nfn b() {}", vec![]),
        ("#![warn(x)]\nfn b() {}", vec!["b"]),
    ] {
        let all: Vec<_> = found(source).into_iter().map(|i| i.name).collect();
        assert_eq!(all, names, "{source}");
    }
}

#[test]
fn macro_definitions_and_function_types_are_passed_over() {
    let source = "macro_rules! m { ($n:ident) => { fn $n() {} } }\ntype F = fn(u8) -> u8;";
    assert_eq!(found(source), vec![]);
}

#[test]
fn test_modules_in_their_own_files_are_known() {
    let source = "mod a;\n#[cfg(test)]\npub mod b;\n#[cfg(test)]\nmod c { mod d {} }";
    assert_eq!(test_modules(&tokens(source)), ["b"]);
}
