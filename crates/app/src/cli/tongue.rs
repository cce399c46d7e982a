//! Which language help and messages of our own are in; texts fixed by the specification are not.

use super::environment::Environment;

/// The reader's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tongue {
    /// English, unless the locale says otherwise.
    En,
    /// Chinese, for locales that begin with `zh`.
    Zh,
}

impl Tongue {
    /// The language of the locale.
    pub(crate) fn of(environment: &Environment) -> Self {
        let locale = environment.locale.as_deref().unwrap_or_default();
        match locale.get(..2) {
            Some(head) if head.eq_ignore_ascii_case("zh") => Self::Zh,
            _ => Self::En,
        }
    }

    /// The text in the reader's language.
    pub(crate) fn pick<T>(self, en: T, zh: T) -> T {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }

    /// Value of `Accept-Language`.
    pub(crate) fn code(self) -> &'static str {
        self.pick("en", "zh")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_only_where_the_locale_begins_so() {
        for (locale, want) in [
            (Some("zh_CN.UTF-8"), Tongue::Zh),
            (Some("zh"), Tongue::Zh),
            (Some("ZH_TW"), Tongue::Zh),
            (Some("en_US.UTF-8"), Tongue::En),
            (Some("C"), Tongue::En),
            (Some("é"), Tongue::En),
            (Some("中文"), Tongue::En),
            (None, Tongue::En),
        ] {
            let locale = locale.map(str::to_owned);
            let environment = Environment { locale, ..Environment::default() };
            assert_eq!(Tongue::of(&environment), want, "{:?}", environment.locale);
        }
    }
}
