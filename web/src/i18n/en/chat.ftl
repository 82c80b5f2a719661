chat = Chat
chat-unread =
    { $count ->
        [one] Chat, one message is unread
       *[other] Chat, { $count } messages are unread
    }
chat-notice = Message from { $name }
chat-heard = { $name }: { $text }
chat-you = You
chat-operators = Operators
chat-operators-hint = Whoever of them is here answers.
chat-as-operators = Shared inbox: all operators read this.
chat-inbox = Inbox
chat-guest = Guest
chat-conversations = Conversations
chat-search = Search in messages
chat-search-on = Search further back
chat-found =
    { $count ->
        [0] Nothing found
        [one] One message found
       *[other] { $count } messages found
    }
chat-found-none = No message has these words.
chat-begin = New conversation
chat-open = Write
chat-whom = To whom
chat-whom-name = Somebody by name
chat-whom-here = Somebody who is here
chat-private = As myself, not as one of the operators
chat-nobody-here = Nobody else is here at this moment.
chat-choose-one = Choose somebody.
chat-choose = Choose a conversation, or begin a new one.
chat-none = You have not talked to anybody here yet.
chat-nothing-said = Nothing has been said yet.
chat-more = Earlier conversations
chat-back = Back to the conversations
chat-enlarge = Open as a page
chat-messages = Messages
chat-new = New
chat-newest = To the newest
chat-newer =
    { $count ->
        [one] One new message
       *[other] { $number } new messages
    }
chat-write = Message to { $name }
chat-send = Send
chat-edit = Edit
chat-left =
    { $count ->
        [one] one character left
       *[other] { $number } characters left
    }
chat-too-long =
    { $count ->
        [one] one character too many
       *[other] { $number } characters too many
    }
chat-mark-sending = sending
chat-mark-sent = sent
chat-mark-delivered = delivered
chat-mark-read = read
chat-waiting = The connection is gone. What you wrote is sent as soon as it is back.
chat-too-fast =
    { $count ->
        [one] That was fast. The next message goes out in a second.
       *[other] That was fast. The next message goes out in { $count } seconds.
    }
chat-gone = { $name } has left.
list-colon = { ": " }
