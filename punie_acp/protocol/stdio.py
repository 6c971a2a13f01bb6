"""The two ends of a connection: this process's stdin and stdout, or a pipe in memory."""

from __future__ import annotations

import asyncio
import math
import os
import socket
import stat
import sys
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, TypeAlias

import anyio
import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from punie_acp.protocol.framing import ByteReceive, ByteSend

READ_BYTES = 64 * 1024
SECONDS_TO_FLUSH = 0.5
SECONDS_TO_GATHER = 0.001  # how long a line that comes right behind another waits for more, to go out in one write
GATHERED_BYTES = 32 * 1024
End: TypeAlias = "tuple[ByteReceive, ByteSend]"


@asynccontextmanager
async def stdio_streams() -> AsyncGenerator[End]:
    """stdin and stdout for JSON-RPC alone: whatever else writes to stdout inside this reaches stderr.

    That holds for `print`, for C libraries, and for child processes that inherit stdout.
    """
    sys.stdout.flush()
    wire_in, wire_out = os.dup(0), os.dup(1)
    _point_to(0, os.open(os.devnull, os.O_RDONLY))
    os.dup2(2, 1)
    try:
        if _is_one_socket(wire_in, wire_out):
            yield await _socket_ends(wire_in)
        else:
            yield await _receive_end(wire_in), await _send_end(wire_out)
    finally:
        os.dup2(wire_out, 1)


def memory_pipe() -> tuple[End, End]:
    """Two connected ends in this process."""
    first_out, second_in = anyio.create_memory_object_stream[bytes](16)
    second_out, first_in = anyio.create_memory_object_stream[bytes](16)
    return (first_in, first_out), (second_in, second_out)


def _point_to(descriptor: int, target: int) -> None:
    os.dup2(target, descriptor)
    os.close(target)


def _has_transport(descriptor: int) -> bool:
    """Whether asyncio can wait for it: pipes, sockets and terminals, but neither files nor `/dev/null`."""
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)


def _is_one_socket(first: int, second: int) -> bool:
    """Whether both are the same socket, as under inetd, systemd's `Accept=` and socat."""
    there, here = os.fstat(first), os.fstat(second)
    return stat.S_ISSOCK(there.st_mode) and os.path.samestat(there, here)


async def _socket_ends(descriptor: int) -> End:
    """Both ends of one socket. asyncio's pipe for writing would take what comes in for the end of its reader."""
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=os.dup(descriptor)))
    return _PipeReceive(reader, writer.transport), _PipeSend(writer)


async def _receive_end(descriptor: int) -> ByteReceive:
    if not _has_transport(descriptor):
        return _FileReceive(descriptor)
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: protocol, os.fdopen(descriptor, "rb", buffering=0)
    )
    return _PipeReceive(reader, transport)


async def _send_end(descriptor: int) -> ByteSend:
    if not _has_transport(descriptor):
        return _FileSend(descriptor)
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(os.dup(descriptor), "wb", buffering=0)
    )
    return _PipeSend(asyncio.StreamWriter(transport, protocol, None, loop))


class _PipeReceive:
    def __init__(self, reader: asyncio.StreamReader, transport: asyncio.BaseTransport) -> None:
        self._reader = reader
        self._transport = transport

    async def receive(self) -> bytes:
        try:
            chunk = await self._reader.read(READ_BYTES)
        except OSError as error:
            raise anyio.BrokenResourceError from error
        if not chunk:
            raise anyio.EndOfStream
        return chunk

    async def aclose(self) -> None:
        if not isinstance(self._transport, asyncio.WriteTransport):  # a socket is closed by its other end
            self._transport.close()


class _PipeSend:
    """Writes lines at once, but those of a burst together: a write costs more than all else that is done for a line."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._gathered = bytearray()
        self._written = -math.inf  # when, by the loop's clock
        self._timer: asyncio.TimerHandle | None = None

    async def send(self, item: bytes) -> None:
        if self._writer.transport.is_closing():
            raise anyio.BrokenResourceError
        self._gathered += item  # the whole line, before anything can cancel this
        waited = self._loop.time() - self._written
        if waited >= SECONDS_TO_GATHER or len(self._gathered) >= GATHERED_BYTES:
            self._write()
        elif self._timer is None:
            self._timer = self._loop.call_later(SECONDS_TO_GATHER - waited, self._write)
        try:
            await self._writer.drain()
        except OSError as error:
            raise anyio.BrokenResourceError from error

    async def aclose(self) -> None:
        """Close, once the rest of the last line has gone out; a client that does not read is not waited for long."""
        self._write()
        self._writer.transport.set_write_buffer_limits(0)  # now `drain` waits for all
        with anyio.move_on_after(SECONDS_TO_FLUSH), suppress(OSError):
            await self._writer.drain()
        self._writer.close()

    def _write(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._gathered and not self._writer.transport.is_closing():
            self._writer.write(bytes(self._gathered))
        self._gathered.clear()
        self._written = self._loop.time()


class _FileReceive:
    """A file or device that cannot be waited for is read in a thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    async def receive(self) -> bytes:
        chunk = await anyio.to_thread.run_sync(os.read, self._descriptor, READ_BYTES, abandon_on_cancel=True)
        if not chunk:
            raise anyio.EndOfStream
        return chunk

    async def aclose(self) -> None:
        os.close(self._descriptor)


class _FileSend:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    async def send(self, item: bytes) -> None:
        await anyio.to_thread.run_sync(_write_all, self._descriptor, item)

    async def aclose(self) -> None:
        """The descriptor is given back when the connection ends."""


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
