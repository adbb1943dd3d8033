//! The kinds of personal data, by the names that reports, metrics, masks and rules use.

/// Declares the kinds once: the variant and its name.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// What kind of personal data was found.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Kind] = &[$(Kind::$variant,)*];

            /// What stands in a string in place of what was found: the name in brackets.
            pub const fn mask(self) -> &'static str {
                match self { $(Kind::$variant => concat!("[", $name, "]"),)* }
            }
        }
    };
}

kinds! {
    /// An e-mail address.
    Email = "email";
    /// A telephone number.
    Phone = "phone";
    /// A person's name. Found by key only: see docs/privacy.md.
    Name = "name";
    /// A postal address (or any other address, by its key).
    Address = "address";
    /// A payment card's number, or what is printed beside it.
    Card = "card";
    /// A bank account: an IBAN, or an account number by its key.
    Iban = "iban";
    /// A number that a state gave to a person: social security, tax, identity card, passport.
    NationalId = "national_id";
    /// A date of birth. Found by key only.
    BirthDate = "birth_date";
    /// An IPv4 or IPv6 address.
    Ip = "ip";
    /// A network card's address.
    Mac = "mac";
    /// A place on earth, to more than a town's precision. Kept unless the rules say otherwise.
    Coordinates = "coordinates";
    /// A password, or `user:password` in a URL.
    Password = "password";
    /// What opens a door without a password: an API token, a JWT, a cookie, a session.
    Token = "token";
    /// A private key in PEM armour.
    PrivateKey = "private_key";
    /// What the project's own rules name.
    Custom = "custom";
}

impl Kind {
    /// The name of the kind in reports, metrics and rules.
    pub const fn as_str(self) -> &'static str {
        // Without the panic that slicing a string brings along.
        let mask = self.mask();
        if let Some((inside, _)) = mask.split_at_checked(mask.len() - 1)
            && let Some((_, name)) = inside.split_at_checked(1)
        {
            return name;
        }
        mask
    }

    /// The kind of that name.
    pub fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str().as_bytes() == name)
    }
}
