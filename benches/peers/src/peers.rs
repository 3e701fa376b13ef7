//! One file for each subject: how its documentation says that it is used.

pub mod azure;
pub mod cg_auth;
pub mod floor;
pub mod google;
pub mod huskarl;
pub mod oauth2;
pub mod smithy;
pub mod tame;
pub mod yup;
