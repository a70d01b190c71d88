"""The generated classes say what frames.proto says, and that what the venue publishes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from google.protobuf.json_format import MessageToDict

from exchanges.mexc import frames_pb2
from exchanges.mexc.frames_pb2 import PushDataWrapper

PROTO = Path(frames_pb2.__file__).with_name("frames.proto")
_FIELD = re.compile(r"^ +((?:repeated |optional )?)(\w+) (\w+) = (\d+);$", re.MULTILINE)
_KINDS = {"string": 9, "int64": 3, "int32": 5, "bool": 8}
_MESSAGE = 11

# Private frames of the sheet, section 3.
ORDER = (
    "0a1d73706f7440707269766174652e6f72646572732e76332e6170692e70621a064d585553445430a98095d4"
    "c4328213540a1a4330325f5f3530353937393031373433393030323632343131351a06332e35313231220131"
    "2a01303206332e36393632380540025201305a01306201316a01317206332e3639363278028001938095d4c4"
    "32"
)
ACCOUNT = (
    "0a1e73706f7440707269766174652e6163636f756e742e76332e6170692e706228b4acf4c7953330bdacf4c7"
    "95339a136d0a0455534454122031323866353839323731636234393531623033653731653633323365623762"
    "651a14302e30303630313634363530373436373730303622072d342e343032322a06342e343032323206342e"
    "343032323a0d454e54525553545f504c41434540b4acf4c79533"
)
DEAL = (
    "0a1c73706f7440707269766174652e6465616c732e76332e6170692e70621a064d585553445430dc8095d4c4"
    "329213690a06332e363936321201311a06332e3639363220023a143530353937393031373433393030323632"
    "3458314a1a4330325f5f3530353937393031373433393030323632343131355215302e303030333939383337"
    "373336393639383137315a024d5860a88095d4c432"
)
ORDER_SAYS = {
    "channel": "spot@private.orders.v3.api.pb",
    "symbol": "MXUSDT",
    "sendTime": "1736417034281",
    "privateOrders": {
        "id": "C02__505979017439002624115",
        "price": "3.5121",
        "quantity": "1",
        "amount": "0",
        "avgPrice": "3.6962",
        "orderType": 5,
        "tradeType": 2,
        "remainAmount": "0",
        "remainQuantity": "0",
        "lastDealQuantity": "1",
        "cumulativeQuantity": "1",
        "cumulativeAmount": "3.6962",
        "status": 2,
        "createTime": "1736417034259",
    },
}
ACCOUNT_SAYS = {
    "channel": "spot@private.account.v3.api.pb",
    "createTime": "1758134605364",
    "sendTime": "1758134605373",
    "privateAccount": {
        "vcoinName": "USDT",
        "coinId": "128f589271cb4951b03e71e6323eb7be",
        "balanceAmount": "0.006016465074677006",
        "balanceAmountChange": "-4.4022",
        "frozenAmount": "4.4022",
        "frozenAmountChange": "4.4022",
        "type": "ENTRUST_PLACE",
        "time": "1758134605364",
    },
}
DEAL_SAYS = {
    "channel": "spot@private.deals.v3.api.pb",
    "symbol": "MXUSDT",
    "sendTime": "1736417034332",
    "privateDeals": {
        "price": "3.6962",
        "quantity": "1",
        "amount": "3.6962",
        "tradeType": 2,
        "tradeId": "505979017439002624X1",
        "orderId": "C02__505979017439002624115",
        "feeAmount": "0.0003998377369698171",
        "feeCurrency": "MX",
        "time": "1736417034280",
    },
}

Fields = set[tuple[str, int, str, bool]]


def declared() -> dict[str, Fields]:
    """The messages of frames.proto: (name, number, type, repeated) of every field."""
    text = PROTO.read_text()
    bodies = re.findall(r"^message (\w+) \{\n(.*?)^\}$", text, re.MULTILINE | re.DOTALL)
    return {
        name: {
            (field, int(number), kind, label == "repeated ")
            for label, kind, field, number in _FIELD.findall(body)
        }
        for name, body in bodies
    }


def generated() -> dict[str, Fields]:
    """The same of the generated module."""
    kinds = {number: name for name, number in _KINDS.items()}
    return {
        name: {
            (
                field.name,
                field.number,
                field.message_type.name if field.type == _MESSAGE else kinds[field.type],
                field.is_repeated,
            )
            for field in message.fields
        }
        for name, message in frames_pb2.DESCRIPTOR.message_types_by_name.items()
    }


def test_the_generated_module_is_made_from_the_schema() -> None:
    """Whoever edits frames.proto and forgets `make proto` learns it here."""
    assert len(declared()) == 21
    assert declared() == generated()


def test_the_schema_is_in_a_package_of_its_own() -> None:
    """A second copy of the venue's schema in one process must not collide with ours."""
    assert frames_pb2.DESCRIPTOR.package == "arbtree.mexc"
    assert PushDataWrapper.DESCRIPTOR.full_name == "arbtree.mexc.PushDataWrapper"


def test_the_schema_is_the_published_one(shared_data: Path) -> None:
    """Every message, field, number and type of the venue's schema, public and private."""
    text = (shared_data / "mexc" / "PROTOBUF_FIELDS.md").read_text()
    published: dict[str, Fields] = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        rows = re.findall(r"^\| (\d+) \| (\w+) \| (repeated )?(\w+)", section, re.MULTILINE)
        published[section.split("\n", 1)[0].replace("V3Api", "")] = {
            (
                re.sub(r"(?<=[a-z0-9])[A-Z]", lambda capital: "_" + capital[0].lower(), field),
                int(number),
                kind.replace("V3Api", ""),
                bool(repeated),
            )
            for number, field, repeated, kind in rows
        }
    assert published == declared()


@pytest.mark.parametrize(
    ("frame", "said"),
    [(ORDER, ORDER_SAYS), (ACCOUNT, ACCOUNT_SAYS), (DEAL, DEAL_SAYS)],
    ids=["order", "account", "deal"],
)
def test_private_bodies_of_the_sheet(frame: str, said: dict[str, object]) -> None:
    """The schema reads the private frames of the sheet, and writes them back byte for byte."""
    wrapper = PushDataWrapper.FromString(bytes.fromhex(frame))
    assert MessageToDict(wrapper) == said
    assert wrapper.SerializeToString().hex() == frame
