"""Messages to mail and chat servers: Airflow's connections, and the hooks of its maintained providers.

Hooks, not notifiers: a notifier renders its texts as Jinja templates, and ours hold values from data.
"""

from __future__ import annotations

from email.mime.text import MIMEText
from typing import TYPE_CHECKING, Any

from gatehouse.core.notifications import formats
from gatehouse.errors import GatehouseError
from gatehouse.ports import Notifier
from gatehouse_airflow.apprise_addresses import require_remote

if TYPE_CHECKING:
    from gatehouse.core.config.notify import Recipient
    from gatehouse.core.notifications.notification import Notification

SECONDS = 20  # a server that has not answered for so long is tried again later


class DeliveryFailedError(GatehouseError):
    """A server answered, and did not take the message."""

    retry = True


class AirflowNotifier(Notifier):
    """Delivers by mail, to a Slack webhook, or to whatever Apprise reaches; which one is the recipient's `channel`."""

    def deliver(self, recipient: Recipient, message: Notification) -> None:
        {"smtp": by_mail, "slack": by_slack, "apprise": by_apprise}[recipient.channel](recipient, message)


def by_mail(recipient: Recipient, message: Notification) -> None:
    """One mail with a plain and an HTML part. Its Message-ID is the message's own id, so a mail that has to be sent a
    second time is shown once by readers that know the header; mails about one matter make one thread."""
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    class Mail(SmtpHook):
        """The provider's hook with a plain part beside the HTML, and without tries of its own: the outbox has them."""

        smtp_retry_limit = 0
        timeout = SECONDS

        def _build_mime_message(self, *args: Any, **kwargs: Any) -> Any:
            mail, recipients = super()._build_mime_message(*args, **kwargs)
            mail.get_payload().insert(0, MIMEText(formats.text(message), "plain", "utf-8"))
            return mail, recipients

    thread = f"<{message.alert[:40]}@gatehouse>"
    headers = {"Message-ID": f"<{message.id[:40]}@gatehouse>", "References": thread, "Auto-Submitted": "auto-generated"}
    with Mail(smtp_conn_id=recipient.connection) as mail:
        mail.send_email_smtp(
            to=list(recipient.to),
            subject=message.subject,
            html_content=formats.html(message),
            mime_subtype="alternative",
            custom_headers=headers,
        )


def by_slack(recipient: Recipient, message: Notification) -> None:
    """A Slack incoming webhook."""
    from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook

    hook = SlackWebhookHook(slack_webhook_conn_id=recipient.connection, timeout=SECONDS)
    hook.send_dict(formats.slack(message))


def by_apprise(recipient: Recipient, message: Notification) -> None:
    """Any address that Apprise knows, from the connection. The hook's own `notify` drops Apprise's answer, so that a
    message that nobody took would pass for sent; its addresses are used, and the answer is asked."""
    import apprise
    from airflow.providers.apprise.hooks.apprise import AppriseHook

    hook, servers = AppriseHook(apprise_conn_id=recipient.connection), apprise.Apprise()
    connection = hook.get_connection(recipient.connection)
    told = hook.get_config_from_conn(connection)
    addresses = [str(each["path"]) for each in (told if isinstance(told, list) else [told])]
    require_remote(addresses, recipient.connection)
    hook.set_config_from_conn(connection, servers)
    taken = servers.notify(
        body=formats.chat(message),
        title=formats.escape_mentions(message.subject),
        notify_type=apprise.NotifyType(formats.severity_style(message)),
        body_format=apprise.NotifyFormat.TEXT,
    )
    if not taken:
        raise DeliveryFailedError(
            f"{len(servers)} addresses of connection {recipient.connection}: not all took the message"
        )
