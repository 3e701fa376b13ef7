//! The second request, and the bodies that it needs.

use bytes::Bytes;
use cg_auth_core::testing::ScriptedTokenSource;
use http::{Method, Request, StatusCode, Version, header::AUTHORIZATION};
use http_body_util::{Empty, Full};
use tower::Layer;

use crate::api::{API, Api, authorized, layer, request, send};

fn source() -> ScriptedTokenSource {
    ScriptedTokenSource::new().issue("one").issue("two")
}

#[tokio::test]
async fn the_second_request_differs_from_the_first_in_its_token_alone() {
    #[derive(Debug, Clone, PartialEq)]
    struct Trace(u32);

    let (api, source) = (Api::accepting(&["two"]), source());
    let mut service = layer(source).replay(|body: &String| Some(body.clone())).layer(api.clone());
    let mut request = Request::post(API).version(Version::HTTP_2).header("x-many", "1").header("x-many", "2");
    request = request.method(Method::from_bytes(b"AN-EXTENSION-METHOD").unwrap()).extension(Trace(7));
    let request = request.body("body".to_owned()).unwrap();
    assert_eq!(send(&mut service, request).await.unwrap().status(), StatusCode::OK);

    let [first, second] = api.take_requests().try_into().unwrap();
    assert_eq!(first.headers()[AUTHORIZATION], "Bearer one");
    for (request, token) in [(first, "Bearer one"), (second, "Bearer two")] {
        assert_eq!(request.method(), "AN-EXTENSION-METHOD");
        assert_eq!((request.uri().to_string(), request.version()), (API.to_owned(), Version::HTTP_2));
        assert_eq!(request.extensions().get(), Some(&Trace(7)));
        assert_eq!(request.body(), "body");
        let headers = request.headers();
        assert_eq!(headers.len(), 3);
        assert_eq!(headers.get_all("x-many").iter().collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(headers[AUTHORIZATION], token);
        assert!(headers[AUTHORIZATION].is_sensitive());
    }
}

#[tokio::test]
async fn a_body_in_a_shared_buffer_is_sent_again_by_default() {
    async fn is_sent_again<B: Send + Sync + 'static>(body: B) -> bool {
        let (api, source) = (Api::accepting(&["two"]), source());
        send(&mut authorized(&api, &source), request(body)).await.unwrap().status() == StatusCode::OK
    }
    assert!(is_sent_again(()).await);
    assert!(is_sent_again(Bytes::from_static(b"data")).await);
    assert!(is_sent_again(Full::new(Bytes::from_static(b"data"))).await);
    assert!(is_sent_again(Empty::<Bytes>::new()).await);
    assert!(!is_sent_again(String::from("data")).await);
}

#[tokio::test]
async fn without_a_copy_of_the_body_the_401_goes_back_and_the_next_request_gets_a_new_token() {
    let layers = [layer(source()).replay(|_: &Bytes| None), layer(source()).without_replay()];
    for layer in layers {
        let api = Api::accepting(&["two"]);
        let mut service = layer.layer(api.clone());
        let answer = send(&mut service, request(Bytes::new())).await.unwrap();
        assert_eq!((answer.status(), *answer.body()), (StatusCode::UNAUTHORIZED, 1));
        assert!(answer.extensions().is_empty());
        assert_eq!(send(&mut service, request(Bytes::new())).await.unwrap().status(), StatusCode::OK);
        assert_eq!(api.tokens(), ["one", "two"]);
    }
}

#[tokio::test]
async fn a_body_is_copied_for_requests_with_a_token_alone_and_once_for_each() {
    let (api, source) = (Api::accepting(&["one"]), source());
    let copy = |body: &&'static std::sync::atomic::AtomicUsize| {
        body.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Some(*body)
    };
    let mut service = layer(source).replay(copy).layer(api.clone());
    let copies: &std::sync::atomic::AtomicUsize = Box::leak(Box::default());
    let elsewhere = Request::get("https://example.com").body(copies).unwrap();
    send(&mut service, elsewhere).await.unwrap();
    assert_eq!(copies.load(std::sync::atomic::Ordering::SeqCst), 0);
    send(&mut service, request(copies)).await.unwrap();
    assert_eq!(copies.load(std::sync::atomic::Ordering::SeqCst), 1);
}
