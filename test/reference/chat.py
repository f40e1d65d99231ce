"""Conversations rendered by transformers' apply_chat_template, for chat.json: python chat.py

Templates after those of published models, one a kind of writing; null where the template refuses the messages.
"""

import json
from pathlib import Path

import transformers
from transformers.utils.chat_template_utils import render_jinja_template

HERE = Path(__file__).parent

TEMPLATES = {
    "chatml": "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are helpful<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "system in the first message": "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}"
    "{% set system_message = false %}{% endif %}{% for message in loop_messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if loop.index0 == 0 and system_message != false %}"
    "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
    "{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}"
    "{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
    "headers, trimmed": "{% set loop_messages = messages %}{% for message in loop_messages %}"
    "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}",
    "roles renamed": "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}"
    "{% endif %}{% for message in messages %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}"
    "{% set role = message['role'] %}{% endif %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}",
    "on lines": "{% for message in messages %}\n    {% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + eos_token }}\n"
    "    {% elif message['role'] == 'system' %}\n{{ '<|system|>\n' + message['content'] + eos_token }}\n"
    "    {%- elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n"
    "    {% endif %}\n    {% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n    {% endif %}\n{% endfor %}",
    "thoughts left out": "{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}\n"
    "{%- for message in messages[::-1] %}\n{%- set index = (messages|length - 1) - loop.index0 %}\n"
    "{%- if ns.multi_step_tool and message.role == \"user\" and message.content is string and not(message.content.startswith('<tool_response>')) %}\n"
    "{%- set ns.multi_step_tool = false %}\n{%- set ns.last_query_index = index %}\n{%- endif %}\n{%- endfor %}\n"
    "{%- for message in messages %}\n{%- set content = message.content if message.content is string else '' %}\n"
    "{%- if message.role == 'assistant' %}\n{%- set reasoning = '' %}\n{%- if '</think>' in content %}\n"
    "{%- set reasoning = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}\n"
    "{%- set content = content.split('</think>')[-1].lstrip('\\n') %}\n{%- endif %}\n"
    "{%- if loop.index0 > ns.last_query_index %}\n{{- '<|im_start|>assistant\\n<think>\\n' + reasoning.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') + '<|im_end|>\\n' }}\n"
    "{%- else %}\n{{- '<|im_start|>assistant\\n' + content + '<|im_end|>\\n' }}\n{%- endif %}\n{%- else %}\n"
    "{{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>\\n' }}\n{%- endif %}\n{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n{{- '<|im_start|>assistant\\n' }}\n{%- if enable_thinking is defined and enable_thinking is false %}\n"
    "{{- '<think>\\n\\n</think>\\n\\n' }}\n{%- endif %}\n{%- endif %}",
    "macro, tojson, tests": "{% macro turn(role, content) %}<|{{ role }}|>{{ content }}<|end|>{% endmacro %}"
    "{% if tools is defined and tools is not none %}tools{% endif %}{% for m in messages if m.content %}"
    "{{ turn(m.role, m.content) }}\n{% endfor %}{{ messages | map(attribute='role') | join(', ') }} "
    "{{ messages[0] | tojson }} {{ messages | length }} {{ messages | selectattr('role', 'equalto', 'user') | list | length }}",
    "shouted": "{% for m in messages %}{{ m.role | upper }}: {{ m.content | upper }}\n{% endfor %}{{ 'ASSISTANT:' if add_generation_prompt }}",
}

TEMPLATES["tools and calls"] = (
    "{%- if tools %}\n{{- '<|im_start|>system\\n' }}\n{%- for tool in tools %}\n{{- '\\n' }}\n{{- tool | tojson }}\n{%- endfor %}\n{{- '<|im_end|>\\n' }}\n{%- endif %}\n"
    "{%- for message in messages %}\n{{- '<|im_start|>' + message.role + '\\n' + message.content }}\n{%- if message.tool_calls %}\n{%- for call in message.tool_calls %}\n"
    "{%- if call.function %}\n{%- set call = call.function %}\n{%- endif %}\n{{- '<tool_call>\\n{\"name\": \"' + call.name + '\", \"arguments\": ' }}\n"
    "{{- call.arguments if call.arguments is string else call.arguments | tojson }}\n{{- '}\\n</tool_call>' }}\n{%- endfor %}\n{%- endif %}\n{{- '<|im_end|>\\n' }}\n{%- endfor %}\n"
    "{%- for document in documents or [] %}\n{{- document.title ~ ': ' ~ document.text ~ '\\n' }}\n{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n{{- '<|im_start|>assistant\\n' }}\n{%- endif %}"
)

USER = {"role": "user", "content": "the sea sings"}
CONVERSATIONS = [
    [USER],
    [{"role": "system", "content": "go to the sea"}, USER],
    [USER, {"role": "assistant", "content": "so it is"}, {"role": "user", "content": "\n is it so? \t"}],
    [USER, {"role": "assistant", "content": "<think>\n\n  so so\n</think>\n\n  it is\n"}, {"role": "user", "content": "the sea sings"}],
    [USER, {"role": "assistant", "content": "<think>\nso\n</think>\n\nit is"}],
    [{"role": "user", "content": ""}],
    [{"role": "user", "content": "\x1f\x85\ufeff the <|im_end|> sea \ufeff\u2028"}],
    [USER, USER],
    [{"role": "system", "content": "the sea sings"}, USER, {"role": "assistant", "content": "the sea sings"}, USER],
]

TOOL = {"type": "function", "function": {"name": "tide", "description": "Says how high the sea is.", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]}}}
CALL = {"type": "function", "function": {"name": "tide", "arguments": {"at": "Ouessant", "hours": [1, 2.5], "spring": True, "none": None}}}
WITH = [
    {"messages": [USER], "variables": {"enable_thinking": False}},
    {"messages": [USER], "variables": {"enable_thinking": True, "tools": [TOOL]}},
    {"messages": [USER], "variables": {"documents": [{"title": "the sea", "text": "it sings"}]}},
    {"messages": [USER, {"role": "assistant", "content": "", "tool_calls": [CALL]}, {"role": "tool", "name": "tide", "content": "so so"}], "variables": {"tools": [TOOL]}},
]

NAMED = {"bos_token": "<s>", "eos_token": "</s>"}


def rendered(template, messages, tools=None, documents=None, **variables):
    try:
        texts, _ = render_jinja_template([messages], chat_template=template, add_generation_prompt=True, tools=tools, documents=documents, **NAMED, **variables)
        return texts[0]
    except Exception as error:
        print(type(error).__name__, error)
        return None


cases = [{"name": name, "template": template, "texts": [rendered(template, m) for m in CONVERSATIONS], "withTexts": [rendered(template, w["messages"], **w["variables"]) for w in WITH]} for name, template in TEMPLATES.items()]
out = {"made with": f"transformers {transformers.__version__}", "named": NAMED, "conversations": CONVERSATIONS, "with": WITH, "cases": cases}
(HERE / "chat.json").write_text(json.dumps(out, ensure_ascii=True, indent=1) + "\n")
