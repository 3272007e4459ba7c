"""The addresses of administration, and of the ways in."""

from starlette.routing import Route

from agentaudit_backend.pages import access, exports, invitation, keys, login, people, sso, system
from agentaudit_backend.pages.doors import changing, reading


def admin_routes() -> list[Route]:
    """Keys, people, access, exports, system."""
    get, post = ["GET"], ["POST"]
    one, job = f"{people.PATH}/{{key_id}}", f"{exports.PATH}/{{export_id}}"
    return [
        Route(keys.PATH, reading(keys.show), methods=get),
        Route(keys.PATH, changing(keys.create), methods=post),
        Route(f"{keys.PATH}/{{key_id}}/revoke", changing(keys.revoke), methods=post),
        Route(people.PATH, reading(people.show), methods=get),
        Route(people.PATH, changing(people.invite), methods=post),
        Route(f"{one}/deactivate", changing(people.deactivate), methods=post),
        Route(
            f"{people.PATH}/invitations/{{invitation_id}}/withdraw",
            changing(people.withdraw),
            methods=post,
        ),
        Route(access.PATH, reading(access.show), methods=get),
        Route(system.PATH, reading(system.show), methods=get),
        Route(exports.PATH, reading(exports.show), methods=get),
        Route(f"{job}/file", reading(exports.file), methods=get),
        Route(f"{job}/manifest", reading(exports.manifest), methods=get),
    ]


def entrance_routes() -> list[Route]:
    """Log-in by key, by invitation, by an identity provider; log-out."""
    get, post = ["GET"], ["POST"]
    invited = f"{people.INVITE}/{{token}}"
    return [
        Route("/dashboard/login", login.show, methods=get),
        Route("/dashboard/login", login.log_in, methods=post),
        Route("/dashboard/logout", changing(login.log_out), methods=post),
        Route("/dashboard/preferences", login.prefer, methods=post),
        Route(invited, invitation.show, methods=get),
        Route(invited, invitation.accept, methods=post),
        Route(sso.PATH, sso.leave, methods=get),
        Route(sso.FAREWELL, sso.say_farewell, methods=get),
        Route(sso.CALLBACK, sso.come_back, methods=get),
    ]
