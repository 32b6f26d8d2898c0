"""The broker: queues, dead letters, outboxes, refused events."""

from __future__ import annotations

from boards.panel import Dashboard, Panel

BROKER = Dashboard(
    "broker",
    "Eco² · broker and dead letters",
    (
        Panel(
            "Events that wait",
            "Ready messages of each queue; a queue that only grows has no consumer, or a slow one.",
            "short",
            {"{{queue}}": "sum by (queue) (rabbitmq_detailed_queue_messages_ready)"},
        ),
        Panel(
            "Events on their way",
            "Delivered and not yet acknowledged.",
            "short",
            {"{{queue}}": "sum by (queue) (rabbitmq_detailed_queue_messages_unacked)"},
        ),
        Panel(
            "Consumers",
            "Of each queue; 0 means that its dispatcher is away.",
            "short",
            {"{{queue}}": "sum by (queue) (rabbitmq_detailed_queue_consumers)"},
        ),
        Panel(
            "Dead letters",
            "In quarantine by state; held ones wait to be sent again, exhausted ones wait for a person.",
            "short",
            {"{{state}}": "max by (state) (last_over_time(eco2_dead_letters[15m]))"},
        ),
        Panel(
            "Events refused as malformed",
            "By function; a sender speaks another schema.",
            "ops",
            {"{{function}}": "sum by (function) (rate(eco2_events_invalid_total[$__rate_interval]))"},
        ),
        Panel(
            "Oldest unsent event",
            "Of each domain's outbox, as the sweeper found it.",
            "s",
            {"{{domain}}": "max by (domain) (last_over_time(eco2_outbox_age_seconds[5m]))"},
        ),
        Panel(
            "RabbitMQ's memory",
            "Used, and the limit above which publishers are stopped.",
            "bytes",
            {
                "used": "sum by (instance) (rabbitmq_process_resident_memory_bytes)",
                "limit": "sum by (instance) (rabbitmq_resident_memory_limit_bytes)",
            },
        ),
    ),
)
