// The page's words in Korean and English. What the platform answers about waste stays Korean.

const WORDS = {
  skip: ["본문으로 건너뛰기", "Skip to content"],
  tabs: ["화면", "Views"],
  theme: ["밝은 화면과 어두운 화면 바꾸기", "Switch between light and dark"],
  language_is: ["한국어로 보여 드려요.", "Shown in English."],
  foot: ["Eco² · 사진 한 장으로 끝내는 분리배출", "Eco² · sort your waste with one photo"],
  tab_try: ["해 보기", "Try it"],
  sign_out: ["로그아웃", "Sign out"],
  hero: ["이거, 어떻게 버리지?", "How do I throw this away?"],
  hero_more: ["사진을 찍으면 무엇인지 알아보고, 우리나라 분리배출 방법을 알려 드려요. 제대로 된 재활용품이라면 캐릭터도 모을 수 있어요.", "Take a photo: Eco² tells you what it is and how to dispose of it in Korea. A proper recyclable wins you a character."],
  your_name: ["이름", "Your name"],
  guest: ["이웃", "Neighbour"],
  enter: ["시작하기", "Start"],
  or: ["또는", "or"],
  with_google: ["Google로 계속하기", "Continue with Google"],
  with_kakao: ["카카오로 계속하기", "Continue with Kakao"],
  with_naver: ["네이버로 계속하기", "Continue with Naver"],
  sign_in_failed: ["로그인하지 못했어요. 다시 시도해 주세요.", "Sign-in failed; please try again."],
  try_title: ["버릴 물건을 보여 주세요", "Show me what you want to throw away"],
  choose: ["사진 고르기", "Choose a photo"],
  choose_more: ["끌어다 놓거나 붙여 넣어도 돼요", "or drop it here, or paste it"],
  camera: ["카메라로 찍기", "Use the camera"],
  shoot: ["찍기", "Take the photo"],
  close: ["닫기", "Close"],
  no_camera: ["카메라를 쓸 수 없어요. 사진 파일을 골라 주세요.", "There is no camera to use; choose a file instead."],
  sample: ["예시 사진으로 해 보기", "Try a sample photo"],
  question: ["궁금한 점 (안 써도 돼요)", "Your question (optional)"],
  question_example: ["뚜껑은 따로 버려야 하나요?", "e.g. 뚜껑은 따로 버려야 하나요?"],
  your_photo: ["보내 주신 사진", "Your photo"],
  stages: ["진행 상황", "Stages"],
  stage_queued: ["접수", "Accepted"],
  stage_vision: ["사진 분석", "Vision"],
  stage_rule: ["규칙 찾기", "Rule"],
  stage_answer: ["답변 작성", "Answer"],
  stage_reward: ["보상 확인", "Reward"],
  cancel: ["그만하기", "Cancel"],
  answer: ["답변", "Answer"],
  answer_hint: ["사진을 보내면 여기에서 단계가 하나씩 진행되고 답이 나와요.", "Send a photo: its stages and the answer appear here."],
  answer_there: ["답변이 나왔어요.", "The answer is here."],
  not_sure: ["무엇인지 확실하지 않아요", "Not sure what this is"],
  missing: ["더 해야 할 일", "Still to do"],
  source: ["근거", "Source"],
  model: ["모델", "Model"],
  reward_new: ["새 캐릭터를 얻었어요!", "You won a new character!"],
  reward_owned: ["이미 함께하는 친구예요", "Already a friend of yours"],
  history: ["최근 기록", "Recent scans"],
  friends: ["캐릭터 도감", "Characters"],
  owned: ["모았어요", "collected"],
  not_owned: ["아직 못 만났어요", "not collected yet"],
  status_processing: ["분석 중", "In progress"],
  status_completed: ["완료", "Completed"],
  status_failed: ["분석하지 못했어요", "Failed"],
  status_cancelled: ["취소했어요", "Cancelled"],
};

let chosen = localStorage.getItem("language") || (navigator.language.startsWith("ko") ? "ko" : "en");

export const language = () => chosen;

export function setLanguage(name) {
  chosen = name;
  localStorage.setItem("language", name);
}

export function word(name) {
  const pair = WORDS[name];
  return pair ? pair[chosen === "ko" ? 0 : 1] : name;
}

export const when = (text) => new Intl.DateTimeFormat(chosen, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }).format(new Date(text));
