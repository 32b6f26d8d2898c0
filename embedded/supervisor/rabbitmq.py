"""RabbitMQ as a child: started in a thread of its own that lives as long as the supervisor.

Starting blocks for seconds (an Erlang VM boots), and the parent-death signal is tied to the starting thread.
"""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor

from embedded.servers import ServerStartError
from embedded.supervisor.child import Child
from embedded.supervisor.errors import CannotStartError
from embedded.supervisor.home import Home


async def start(home: Home, add: list[Child]) -> str:
    """Start RabbitMQ with its data in the home and append its child; the AMQP URL. Raises CannotStartError."""
    from brokers.rabbitmq.server import RabbitMQ, RabbitMQMissing

    server = RabbitMQ(home.folder / "rabbitmq")

    def launch() -> subprocess.Popen[bytes]:
        server.start()
        assert server.process
        return server.process

    thread = ThreadPoolExecutor(1, "rabbitmq")
    child = Child("rabbitmq", launch, grace_s=20, thread=thread, after_stop=server.stop)
    add.append(child)
    try:
        await child.start()
    except (RabbitMQMissing, ServerStartError) as error:
        raise CannotStartError(str(error)) from None
    return server.url
