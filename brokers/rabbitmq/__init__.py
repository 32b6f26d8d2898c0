"""The broker on RabbitMQ without Kubernetes, with the layout and messages of Knative's RabbitMQ broker."""
