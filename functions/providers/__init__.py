"""Models behind one interface: openai, gemini, any compatible server, simulated, and local."""

from functions.providers.errors import (
    ChainExhausted,
    ModelError,
    ModelOutputInvalid,
    ModelRefused,
    ModelUnavailable,
    UnknownModel,
)
from functions.providers.models import Asked, Models
from functions.providers.registry import supported
from functions.providers.request import Completion, ModelRequest, Usage
from functions.providers.settings import SETTINGS, ProviderSettings, Setting

__all__ = [
    "SETTINGS",
    "Asked",
    "ChainExhausted",
    "Completion",
    "ModelError",
    "ModelOutputInvalid",
    "ModelRefused",
    "ModelRequest",
    "ModelUnavailable",
    "Models",
    "ProviderSettings",
    "Setting",
    "UnknownModel",
    "Usage",
    "supported",
]
