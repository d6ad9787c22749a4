"""What messages tell, and who listens."""

from convscope.report.document.json_value import JsonValue
from convscope.values.messages import MessageMeasures


def messages_part(messages: MessageMeasures) -> JsonValue:
    """Return every figure, by measure, sender, receiver and lag."""
    return {
        "n_symbols": messages.n_symbols,
        "tests": [
            {
                "measure": test.measure.value,
                "sender": test.sender,
                "receiver": test.receiver,
                "lag": test.lag,
                "bits": test.bits,
                "floor": test.floor,
                "excess": test.excess,
                "p_value": test.p_value,
                "q_value": test.q_value,
                "significant": test.significant,
            }
            for test in messages.tests
        ],
    }
