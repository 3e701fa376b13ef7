//! [`SharedConnector`]: limits the time to connect, and costs a request that finds a connection nothing.

use std::{
    error::Error,
    future::{Future, poll_fn},
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use tower_service::Service;

/// hyper-util clones its connector for each request, also if the pool has a connection. A clone of this one
/// counts a reference; the connector inside is cloned when it connects.
#[derive(Debug)]
pub(crate) struct SharedConnector<C> {
    connector: Arc<C>,
    limit: Duration,
}

impl<C> SharedConnector<C> {
    /// `connector`, whose connections must be there within `limit`.
    pub(crate) fn new(connector: C, limit: Duration) -> Self {
        Self { connector: Arc::new(connector), limit }
    }
}

impl<C> Clone for SharedConnector<C> {
    fn clone(&self) -> Self {
        Self { connector: Arc::clone(&self.connector), limit: self.limit }
    }
}

impl<C> Service<Uri> for SharedConnector<C>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Error: Into<Box<dyn Error + Send + Sync>>,
    C::Future: Send,
{
    type Response = C::Response;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, service: Uri) -> Self::Future {
        let (mut connector, limit) = (C::clone(&self.connector), self.limit);
        Box::pin(async move {
            let connecting = async {
                poll_fn(|context| connector.poll_ready(context)).await?;
                connector.call(service).await
            };
            match tokio::time::timeout(limit, connecting).await {
                Ok(connected) => connected.map_err(Into::into),
                Err(elapsed) => Err(io::Error::new(io::ErrorKind::TimedOut, elapsed).into()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Ready, pending, ready},
        sync::atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    /// Connects at once, and counts its clones.
    #[derive(Debug, Default)]
    struct Counting(Arc<AtomicUsize>);

    impl Clone for Counting {
        fn clone(&self) -> Self {
            self.0.fetch_add(1, Ordering::Relaxed);
            Self(Arc::clone(&self.0))
        }
    }

    impl Service<Uri> for Counting {
        type Response = Uri;
        type Error = io::Error;
        type Future = Ready<io::Result<Uri>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, service: Uri) -> Self::Future {
            ready(Ok(service))
        }
    }

    /// Is never ready, or never connects.
    #[derive(Debug, Clone)]
    struct Silent {
        is_ready: bool,
    }

    impl Service<Uri> for Silent {
        type Response = Uri;
        type Error = io::Error;
        type Future = Pin<Box<dyn Future<Output = io::Result<Uri>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            if self.is_ready { Poll::Ready(Ok(())) } else { Poll::Pending }
        }

        fn call(&mut self, _: Uri) -> Self::Future {
            Box::pin(pending())
        }
    }

    #[tokio::test]
    async fn a_connector_is_cloned_when_it_connects_and_not_for_each_request() {
        let counting = Counting::default();
        let clones = Arc::clone(&counting.0);
        let shared = SharedConnector::new(counting, Duration::from_secs(60));
        let mut requests: Vec<_> = (0..10).map(|_| shared.clone()).collect();
        assert_eq!(clones.load(Ordering::Relaxed), 0);
        requests[0].call(Uri::from_static("http://service.example")).await.unwrap();
        assert_eq!(clones.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_connector_that_does_not_connect_is_given_up_after_the_limit() {
        for is_ready in [true, false] {
            let mut shared = SharedConnector::new(Silent { is_ready }, Duration::from_millis(1));
            let error = shared.call(Uri::from_static("http://service.example")).await.unwrap_err();
            let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
            assert_eq!(kind, Some(io::ErrorKind::TimedOut), "{error}");
        }
    }
}
