//! [`conformance!`](crate::conformance): one `#[test]` for each case.

/// Makes one `#[test]` for each case, in the module where it stands. A failing test names the module and the
/// case.
///
/// The argument is an expression of a type that implements [`Subject`](crate::Subject), or a
/// [`Suite`](crate::Suite) with exemptions. One more test, `every_exemption_is_in_use`, fails if an exemption
/// must go.
///
/// ```
/// # use cg_auth_conformance::{Capabilities, Settings, Subject, Suite, cg_auth_core};
/// # pub struct MySubject;
/// # impl Subject for MySubject {
/// #     fn transport(
/// #         &self,
/// #         _: &Settings,
/// #     ) -> std::sync::Arc<dyn cg_auth_core::transport::HttpTransport> {
/// #         std::sync::Arc::new(cg_auth_core::testing::ScriptedTransport::new())
/// #     }
/// #     fn capabilities(&self) -> Capabilities {
/// #         Capabilities::none()
/// #     }
/// # }
/// mod my_transport {
///     # use super::{MySubject, Suite};
///     cg_auth_conformance::conformance!(
///         Suite::new(MySubject).with_exemption("head_too_long", "no limit for heads")
///     );
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance {
    ($suite:expr $(,)?) => {
        $crate::every_case!(tests_of_cases $suite);
    };
}

#[macro_export]
#[doc(hidden)]
macro_rules! tests_of_cases {
    (
        [$suite:expr]
        $($kind:ident $of:literal $level:ident [$($capability:ident),*] $module:ident::$name:ident,)+
    ) => {
        $(
            #[test]
            fn $name() -> Result<(), $crate::Failure> {
                $crate::Suite::from($suite).check(stringify!($name))
            }
        )+

        #[test]
        fn every_exemption_is_in_use() -> Result<(), $crate::Failure> {
            $crate::Suite::from($suite).check_exemptions()
        }
    };
}
