//! [`copy_shared`]: copies the bodies that the layer copies by default.

use std::any::Any;

use bytes::Bytes;
use http_body_util::{Empty, Full};

/// A copy of a body that holds all of its data in a shared buffer, so that copying it copies no data:
/// `Full<Bytes>`, `Empty<Bytes>`, `Bytes` and `()`. `None` for any other type.
pub(crate) fn copy_shared<B: 'static>(body: &B) -> Option<B> {
    copy_as::<Full<Bytes>, B>(body)
        .or_else(|| copy_as::<Empty<Bytes>, B>(body))
        .or_else(|| copy_as::<Bytes, B>(body))
        .or_else(|| copy_as::<(), B>(body))
}

/// A clone, if the body is a `K`.
fn copy_as<K: Clone + 'static, B: 'static>(body: &B) -> Option<B> {
    let mut copy = Some((body as &dyn Any).downcast_ref::<K>()?.clone());
    (&mut copy as &mut dyn Any).downcast_mut::<Option<B>>()?.take()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_in_a_shared_buffer_is_copied_with_its_data() {
        let data = Bytes::from_static(b"data");
        assert_eq!(copy_shared(&data).unwrap(), data);
        assert_eq!(
            format!("{:?}", copy_shared(&Full::new(data.clone()))),
            format!("{:?}", Some(Full::new(data)))
        );
        assert!(copy_shared(&Empty::<Bytes>::new()).is_some());
        assert_eq!(copy_shared(&()), Some(()));
    }

    #[test]
    fn another_body_is_not_copied() {
        assert_eq!(copy_shared(&String::from("text")), None);
        assert_eq!(copy_shared(&vec![1_u8]), None);
        assert_eq!(copy_shared(&Some(Bytes::new())), None);
    }
}
