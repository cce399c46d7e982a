//! Speech outside the phrase lists: what must be answered with `unclear`.
//!
//! One list for tuning the limits, another one for the report; neither holds a phrase or a decoy,
//! nor what sounds like a reply: whoever says “buy” cannot be told from whoever says “bye”.

use domain::Language;

/// Texts outside the list of a language: first the short ones (one to three syllables), then
/// sentences.
pub struct OutOfList {
    /// One to three syllables.
    pub short: Vec<&'static str>,
    /// Whole sentences.
    pub long: Vec<&'static str>,
}

/// The texts that limits are tuned on.
pub fn for_tuning(language: Language) -> OutOfList {
    match language {
        Language::Zh => split(ZH_TUNING_SHORT, ZH_TUNING_LONG),
        Language::En => split(EN_TUNING_SHORT, EN_TUNING_LONG),
    }
}

/// The texts of the report.
pub fn for_report(language: Language) -> OutOfList {
    match language {
        Language::Zh => split(ZH_REPORT_SHORT, ZH_REPORT_LONG),
        Language::En => split(EN_REPORT_SHORT, EN_REPORT_LONG),
    }
}

fn split(short: &'static str, long: &'static str) -> OutOfList {
    let texts = |list: &'static str| list.split('|').map(str::trim).collect();
    OutOfList { short: texts(short), long: texts(long) }
}

const ZH_TUNING_SHORT: &str = "\
大 | 门 | 书 | 火 | 车 | 鱼 | 白 | 五 | 山 | 狗 | 今天 | 明白人 | 电脑 | 北京 | 桌子 | \
唱歌 | 十二 | 跑步 | 米饭 | 绿色 | 冬天 | 妈妈 | 钥匙 | 便宜 | 很远 | 洗手 | 开门 | \
飞机票 | 太热了 | 早上 | 蛋糕 | 写字 | 图书馆 | 不知 | 好吃 | 是非 | 对面 | 没有钱 | 你们 | \
他说 | 腿 | 云彩 | 牙 | 船 | 盐 | 梨 | 床 | 锅 | 伞 | 鼓 | 砖 | 井 | 墙 | 桥 | 猪 | 虎 | \
龙 | 蛇 | 羊 | 竹 | 雷 | 冰 | 霜 | 烟 | 泥 | 沙 | 葱 | 池 | 塘 | 杯 | 盘 | 碗 | 刀 | 剑 | \
箱 | 柜 | 绳 | 针 | 线 | 箭 | 窗帘 | 毛巾 | 牙膏 | 肥皂 | 镜子 | 梳子 | 剪刀 | 锤子 | \
螺丝 | 油漆 | 木头 | 石头 | 玻璃 | 塑料 | 橡皮 | 铅笔 | 尺子 | 书包 | 课本 | 黑板 | 操场 | \
宿舍 | 食堂 | 教室 | 校长 | 农民 | 工人 | 画家 | 厨师 | 导游 | 演员 | 歌手 | 邻居 | 客人 | \
奶奶 | 姑姑 | 表弟 | 侄女 | 蝴蝶 | 蜜蜂 | 蚂蚁 | 乌龟 | 老鼠 | 松树 | 荷花 | 葡萄 | 草莓 | \
菠萝 | 黄瓜 | 萝卜 | 豆腐 | 辣椒 | 生姜 | 酱油 | 馒头 | 油条 | 火锅 | 烤鸭 | 蜂蜜 | \
写完了 | 洗头发 | 骑单车 | 打喷嚏 | 晒太阳 | 下楼梯 | 三千米 | 第五页 | 靠窗户 | 红围巾 | \
大西洋 | 小松鼠 | 羽毛球 | 旧家具 | 白衬衫 | 热咖啡 | 动物园 | 电冰箱 | 天安门 | 邮递员";
const ZH_TUNING_LONG: &str = "\
昨天下午我们去公园散步了 | 这个季节的西瓜特别甜 | 我儿子今年上小学三年级 | \
火车晚点了半个小时 | 墙上挂着一幅山水画 | 楼下新开了一家面馆味道不错 | \
他买了一辆二手自行车 | 周末打算在家里看书 | 猫把花瓶打碎了 | 外面的风越来越大 | \
电视的声音太吵了 | 这条路一直走到底再左转 | 晚饭想吃点清淡的 | 她的裙子是蓝色的 | \
我们公司在二十楼 | 这双鞋穿着有点挤脚 | 院子里的桂花全都开了 | 表哥在上海开了一家书店 | \
雨停了以后天边有彩虹 | 夏天的蚊子实在太多了 | 老王养的鹦鹉会唱歌 | \
图书馆周末要到九点才关门 | 他们在沙滩上堆了一座城堡 | 厨房的水龙头一直在漏水 | \
阳台上晾着刚洗的床单 | 博物馆里有很多古代瓷器 | 这趟高铁中途不停车 | 山顶上能看见整座城市 | \
孩子们在操场上放风筝 | 医生让他少吃油腻的东西 | 茶几下面有一盒旧邮票 | \
去年冬天湖面结了厚厚的冰 | 邻居家的小狗特别爱叫";
const ZH_REPORT_SHORT: &str = "\
小 | 花 | 树 | 灯 | 风 | 马 | 黑 | 七 | 河 | 鸟 | 手 | 钱 | 糖 | 雪 | 灰 | 明天 | 电话 | \
广州 | 椅子 | 跳舞 | 二十 | 游泳 | 面条 | 黄色 | 夏天 | 爸爸 | 窗户 | 漂亮 | 很近 | 刷牙 | \
关灯 | 火车站 | 太冷了 | 晚上 | 饼干 | 画画 | 医院 | 厨房 | 礼物 | 生日 | 牛奶 | 眼镜 | \
足球 | 邮局 | 警察 | 超市 | 感冒 | 数学 | 月亮 | 海边 | 坐下 | 起来 | 五块 | 真好玩 | \
下个月 | 左边 | 我们 | 她说 | 有钱人 | 听音乐";
const ZH_REPORT_LONG: &str = "\
前天晚上隔壁一直在装修 | 这家店的饺子皮薄馅大 | 女儿明年就要考大学了 | 飞机因为大雾取消了 | \
桌子上放着三本杂志 | 小区门口的银行搬走了 | 他把钥匙忘在办公室里 | 下个星期准备去爬山 | \
狗在院子里跑来跑去 | 天气预报说后天会下雪 | 空调的温度开得太低了 | 过了红绿灯往右拐就到 | \
早饭我只喝了一杯豆浆 | 弟弟的书包是红色的 | 我们学校操场正在维修 | 冰箱里还剩两个鸡蛋 | \
爷爷每天早上打太极拳 | 这部电影一共两个小时 | 地铁上人特别多没座位 | 把药放在小孩够不到的地方 | \
今天夜里到明天白天有小到中雨 | 北方大部分地区气温将下降六到八度 | 台风预计后天凌晨在沿海登陆 | \
把土豆切成细丝再用清水泡一会儿 | 锅里的油烧热以后放葱姜爆香 | 列车前方到站是人民广场 | \
请从左侧车门下车注意站台缝隙 | 一楼水果区的西瓜今晚半价出售 | 小兔子蹦蹦跳跳地跑进了森林 | \
秋天来了树叶一片片落下来 | 昨晚那场球踢到加时赛才分出胜负 | 院子里的月季今年开得特别旺 | \
妈妈我的红色铅笔放在哪个抽屉里 | 你弟弟的作业写到第几页了 | 这件毛衣洗过之后缩水缩得厉害 | \
唐朝的都城当时有上百万人口 | 光在真空中的速度是固定不变的 | 我们单位下个月要搬到河对岸去 | \
那部电影的结尾让很多观众流泪 | 新修的高速公路把两座城市连在一起 | 谁把酱油瓶子打翻在桌上了 | \
白菜炖豆腐少放点盐更鲜 | 国足主教练在赛后接受了采访 | 周末咱们开车去山里看红叶怎么样 | \
她买的那双皮鞋磨脚后跟 | 从前有一个老渔夫住在海边 | 猫又跳到冰箱顶上睡觉去了 | \
受冷空气影响山区有大雾 | 市政府计划明年新建三座公园 | 这趟航班因为雷雨晚点了两个小时 | \
楼下新开的面馆牛肉给得很足 | 把窗户关上外面灰尘太大 | 种番茄要选阳光充足的地方 | \
细胞是构成生物体的基本单位 | 二手车最要紧的是看发动机的状况 | 爷爷每天早上都去湖边打太极拳 | \
请各位旅客保管好随身携带的行李 | 丢失钱包的顾客请到服务台认领 | 面粉和水的比例大约是二比一 | \
乌鸦把小石子一颗一颗放进瓶子里 | 我儿子最近迷上了下围棋 | 油价从今晚十二点起每升下调两毛 | \
那个演员演坏人演得真像 | 老师说春游要自己带午饭 | 隔壁装修的电钻声吵得孩子睡不着 | \
鱼要蒸八分钟火不能太小 | 股市今天低开高走成交量明显放大 | 姐姐在厨房里包韭菜馅的饺子 | \
黄河流经九个省区最后注入渤海 | 这盆兰花一个礼拜浇一次水就够 | 轮胎气压不足会增加油耗 | \
我们去年夏天在海边住了半个月 | 裁判吹响了全场比赛结束的哨声 | 你看那边的彩虹多漂亮 | \
洗衣机里的床单该拿出去晾了 | 公司食堂的红烧肉越来越咸 | 春眠不觉晓处处闻啼鸟 | \
消防员用了三个小时才把山火扑灭 | 把盘子递给你爸爸小心烫 | 乘坐扶梯时请握紧扶手 | \
大熊猫一天能吃掉几十斤竹子 | 今年的苹果比去年便宜了不少 | 这道数学题要先算括号里面的 | \
导演花了七年时间才拍完这部纪录片 | 奶奶腌的咸鸭蛋流着红油 | 博物馆星期一闭馆咱们改天去吧 | \
小区门口又停满了送货的三轮车 | 古人用竹简记录文字非常笨重 | 她女儿考上了南方的一所大学 | \
烤箱预热到两百度再放面包 | 南方多个县市出现了严重的洪水 | 卧室的墙刷成浅蓝色会显得宽敞 | \
爸爸正在阳台上修自行车 | 这条裙子有没有大一号的 | 葡萄架底下结了好多蜘蛛网 | \
跑马拉松之前要练好几个月体力 | 本次列车由东向西全程运行五个小时 | 牛奶放在门边那一格容易变质 | \
会议的材料打印了三十份还不够 | 狐狸站在树下望着高高的葡萄 | 经济增长主要依靠消费和出口 | \
二号柜台的羊毛围巾买一送一 | 我昨天在菜市场看到了很新鲜的河虾 | 山顶的风特别大帽子都吹跑了 | \
这个牌子的刹车片用两年就磨薄了 | 钢琴课改到了星期四下午 | 宝宝长了两颗小门牙见什么都咬 | \
月亮绕着地球转一圈大约要一个月 | 雪下了一整夜屋顶全白了 | 小明把地上的积木收进箱子里 | \
那家宾馆的窗户正对着大海 | 打蛋的时候滴几滴柠檬汁可以去腥 | 游泳队在本届运动会上拿了五块金牌 | \
经理让小王把报表重新做一遍 | 他们俩的婚礼定在国庆节那天 | 植物通过光合作用制造养分 | \
公交车改线以后上学要多走一站路 | 谁家的狗在楼道里叫个不停 | 侦探推开门发现桌上有一封信 | \
冬瓜排骨汤要小火慢炖两个钟头 | 这场雨过后菜地里的草又长高了 | 记者在现场看到救援工作仍在进行 | \
明天上午城区部分路段实行交通管制 | 我把旧沙发送给了乡下的表哥 | 篮球队少了中锋抢篮板很吃亏 | \
草原上的羊群像一朵朵白云 | 这茶叶泡第二遍味道才出来 | 请带小朋友的家长看管好自己的孩子 | \
牙医说那颗智齿最好拔掉 | 丝绸之路促进了东西方的贸易往来 | 车子爬坡的时候发动机声音发闷 | \
剪刀用完要放回针线盒里 | 他画的山水挂满了整个客厅 | 超市排队结账的人一直排到了门口 | \
夏天的夜晚萤火虫在草丛里飞舞 | 吃完西瓜别忘了把皮扔进垃圾桶 | 门票涨到八十块游客反而更多了 | \
桥下的河水昨天涨了半米 | 唱歌的那个姑娘是从云南来的 | 蜜蜂采蜜的时候顺便传播了花粉";
const EN_TUNING_SHORT: &str = "\
book | fire | car | fish | white | ten | hill | dog | rain | cold | today | computer | \
London | dinner | dancing | twelve | garden | green | winter | mother | cheap | open | \
ticket | early | cake | pencil | library | nowhere | toes | pay | hide | grow | bike | \
yellow dog | low tide | next week | big house | hot tea | my son | two miles | leg | \
tooth | ship | pear | pan | drum | brick | spade | pig | dragon | snake | sheep | bamboo | \
thunder | ice | smoke | mud | sand | star | pond | rope | needle | thread | cloth | wool | \
leather | silver | copper | curtain | towel | soap | mirror | hammer | ladder | blanket | \
pillow | candle | basket | bucket | carpet | engine | tractor | helmet | jacket | \
trousers | sweater | pepper | garlic | onion | carrot | pumpkin | mushroom | lettuce | \
cherry | lemon | melon | honey | cabbage | turkey | salmon | donkey | squirrel | penguin | \
spider | beetle | turtle | eagle | sparrow | castle | harbour | island | desert | valley | \
village hall | museum | theatre | stadium | palace | tunnel | railway | motorway | sailor | \
painter | butcher | gardener | waiter | tailor | nephew | grandson | wooden spoon | \
heavy rain | empty box | long queue | broken glass | red scarf | slow train | paper plate | \
stone wall | bright star | dry leaves | sweet corn | apple tree | garden gate | \
river bank | winter coat | silver ring | cheese sandwich";
const EN_TUNING_LONG: &str = "\
the train was half an hour late yesterday | my brother bought a second hand bicycle | \
there is a painting on the kitchen wall | the cat broke the blue vase again | \
we went for a walk in the park | the wind is getting stronger outside | \
turn left after the second bridge | she wore a long green dress | \
our office moved to the tenth floor | these apples are sweeter than the last ones | \
the soup needs a little more salt | he plays the violin every evening | \
the television was far too loud | put the boxes under the stairs | \
the museum is closed in winter | these boots are too tight for long walks | \
the roses behind the church are in bloom | my cousin runs a small bookshop in Leeds | \
after the rain there was a rainbow over the hills | \
mosquitoes are a nuisance by the lake in August | the parrot repeats every song it hears | \
the swimming pool opens at seven on weekdays | \
children were building castles on the beach | \
the tap in the bathroom has been dripping all night | \
clean sheets are drying on the balcony | \
the gallery shows paintings from the last century | \
this express does not stop before Manchester | from the top you can see the whole valley | \
a shoebox of old stamps lies under the bed | last winter the canal was frozen for weeks | \
the dog next door barks at every postman | fresh herbs make the sauce much better | \
the orchestra rehearses every Thursday evening";
const EN_REPORT_SHORT: &str = "\
tree | lamp | wind | horse | black | eight | lake | bird | hand | money | snow | sugar | \
warm | grey | shoe | bed | tomorrow | telephone | Boston | chair | swimming | twenty | \
kitchen | orange | autumn | father | expensive | closed | airport | evening | biscuit | \
drawing | hospital | somewhere | nose | pie | side | blow | milk | doctor | present | \
birthday | glasses | football | police | shopping | moonlight | seaside | sit down | \
stand up | five pounds | last month | right turn | cold soup | my aunt | three days | \
old car | high tower | loud music | new shoes";
const EN_REPORT_LONG: &str = "\
the neighbours were painting their fence all night | this bakery sells very good bread | \
my daughter starts university in autumn | the flight was cancelled because of fog | \
three magazines are lying on the desk | the bank on the corner has moved away | \
he left his keys inside the garage | they want to climb the mountain in June | \
a brown dog ran across the yard | the forecast says it will snow on Sunday | \
the heating is turned up too high | go straight past the traffic lights | \
breakfast was only a cup of coffee | his schoolbag is bright red | \
they are repairing the playground | two eggs are left in the fridge | \
grandfather reads the newspaper every morning | the film lasts about two hours | \
the bus was so full that nobody could sit | keep the medicine away from small children | \
heavy rain will spread from the west overnight | \
chop the onions finely and fry them until golden | \
the next station is Central Park doors open on the left | \
fresh strawberries are half price in aisle seven this afternoon | \
once upon a time a little bear lived near a frozen lake | \
our goalkeeper let in three soft goals before half time | \
who left these muddy boots in the middle of the hallway | \
the roses along the back fence need pruning before spring | \
photosynthesis turns sunlight water and air into sugar | \
my brother drove his old truck all the way to Texas | \
the mayor opened a new bridge across the river on Monday | \
put your plate in the sink when you finish eating Tommy | \
that film dragged on forever and the ending made little sense | \
temperatures could drop below freezing in the northern valleys | \
let the dough rest under a damp towel for an hour | \
passengers should keep their luggage with them at all times | \
would the owner of a blue van please move it from the entrance | \
the wolf huffed and puffed and blew the house down | \
she finished the marathon in under four hours despite the heat | \
tomatoes grow best when you water them in the early morning | \
rome did not fall in a single day or even a single year | \
our new manager wants the reports printed in color every week | \
we spent nine days hiking along the coast of Portugal | \
pass me the salt before the soup gets cold | \
the brakes squeal whenever it has been raining overnight | \
firefighters rescued two children from the burning apartment building | \
did you feed the rabbits before you went to school | \
grandma always adds a pinch of cinnamon to her apple pie | \
expect long delays on the ring road because of roadworks | \
shoppers the bakery counter closes in fifteen minutes | \
the moon pulls on the oceans and causes the tides | a green frog sat on a log and sang a song | \
her violin recital got moved to the last Friday in June | \
the striker has scored in every home match since Christmas | \
somebody spilled orange juice all over the new carpet | \
hotel rooms near the beach cost double during August | \
rinse the rice three times until the water runs clear | \
prices of wheat and corn rose sharply on world markets | \
the cat knocked another flower pot off the windowsill | \
those pants are too short for you now sweetheart | \
ancient farmers dug canals to carry water to their fields | \
he wants to trade his motorcycle for a small family car | \
look at that enormous pumpkin next to the barn | \
the villain turns out to be her own grandfather | \
trains to the airport leave from platform twelve every half hour | \
snow closed several mountain passes early this morning | \
whisk the eggs with a splash of milk and some pepper | \
seven ducks crossed the road behind their mother | \
the dentist told Maria to brush more gently | rent in this part of town has gone up again | \
children under five must be carried on the escalator | \
penguins huddle together to survive the bitter winter wind | \
my sister painted her kitchen bright yellow last weekend | \
which of these two curtains matches the sofa better | \
the coach dropped him from the team after that awful game | \
dig a hole twice as wide as the roots of the tree | \
voters in three states go to the polls tomorrow | \
this cheese smells terrible but tastes wonderful with pears | \
the engine light came on halfway up the hill | iron rusts when it is left in moist air | \
your cousin is getting married on a boat in Greece | \
turn the television down the baby just fell asleep | \
winds should ease later with sunny spells in the south | \
the pirate buried his treasure under a crooked palm tree | \
winter coats and gloves are on the second floor near the lift | \
they laid off half the warehouse staff before the holidays | \
sprinkle grated lemon peel over the cake while it is warm | \
the tennis final lasted almost five hours in blazing sunshine | \
bees have been nesting under the roof of our shed | \
in nineteen fourteen the whole of Europe slid into war | \
I found your missing sock behind the washing machine | \
the ferry only runs twice daily outside the summer season | \
police are searching for a man seen near the museum | \
grill the salmon skin side down for about six minutes | \
every triangle has three angles that add up to a half turn | \
dad burned the sausages on the barbecue again | \
the actress won an award for playing a blind pianist | \
mind the gap between the train and the platform edge | \
tiny fish were swimming around the old shipwreck | \
we should plant garlic before the ground gets too hard | \
the neighbors built a treehouse with a rope ladder | \
fuel consumption goes up when the tires are soft | lily lost her red balloon and began to cry | \
could you reach that jar on the top shelf for your aunt | \
scientists have discovered a new species of orchid in Peru | \
the museum cafe serves excellent carrot cake on Sundays | \
his knee surgery went well and he walks with a stick | \
simmer the beans slowly with bay leaves and smoked ham | \
a lost umbrella has been handed in at the customer desk | \
the rookie pitcher threw eight perfect innings last night | \
volcanoes form where the plates of the crust pull apart | \
our flight was diverted to Madrid because of thick fog | \
the puppy chewed a hole through the garden hose | \
fold the blanket in half and lay it over the chair | \
unemployment fell slightly in the third quarter of the year | \
the king had four daughters and a very grumpy dragon | \
most of the office eats lunch in the park when it is warm | \
these mushrooms came from the woods behind the church | \
tickets for the evening boat tour sell out before noon | \
the bathroom tap drips all night and drives me crazy | \
poets of that century often wrote about shepherds and lakes | \
cyclists must stay in the marked lane through the tunnel | \
emma drew a purple elephant with enormous wings | \
a stronger storm may reach the islands by the weekend | \
the carpenter sanded the table until it felt like silk | \
melt the butter and chocolate together over gentle heat | \
both teams were down to ten men after the break | \
the second season is much funnier than the first one | \
sharks have existed far longer than trees have | \
wipe your feet on the mat before you come inside | \
the convertible looked lovely but leaked in every shower | \
large bags of dog food are stacked beside the pharmacy | \
the old mill by the stream was turned into a library | \
students will dissect a flower during the next lesson | \
swimming lessons start again when the pool has been repaired | \
ripe bananas make the sweetest bread for breakfast | \
the drummer broke a stick in the middle of his solo | \
camels can drink a whole bathtub of water in one go | \
farmers worry that a late frost will ruin the cherries | \
those hikers got lost because they forgot the map";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn_sounds::sounds;
    use std::collections::BTreeMap;

    #[test]
    fn no_text_is_a_phrase_or_serves_twice() {
        for language in [Language::Zh, Language::En] {
            let mut texts: Vec<String> = speech::lexicon::built_in_phrases(language)
                .unwrap()
                .into_iter()
                .map(|phrase| phrase.text.to_lowercase())
                .collect();
            for list in [for_tuning(language), for_report(language)] {
                texts.extend(list.short.iter().chain(&list.long).map(|t| t.to_lowercase()));
            }
            texts.sort();
            for pair in texts.windows(2) {
                assert_ne!(pair[0], pair[1]);
            }
        }
    }

    #[test]
    fn no_short_text_sounds_like_a_reply() {
        for language in [Language::Zh, Language::En] {
            let phones = |text: &str| sounds(language, text).unwrap().concat().concat();
            let phrases = speech::lexicon::built_in_phrases(language).unwrap();
            let replies = phrases.iter().filter(|phrase| !phrase.states.decoy);
            let listed: BTreeMap<_, _> =
                replies.map(|phrase| (phones(&phrase.text), &phrase.text)).collect();
            for text in for_tuning(language).short.into_iter().chain(for_report(language).short) {
                assert_eq!(listed.get(&phones(text)), None, "{text}");
            }
        }
    }
}
